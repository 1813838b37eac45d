import type { Command } from 'commander';
import { UsageError } from '../errors.js';
import { addFilterOptions, type FilterOptions, filterOf, isEmptyFilter } from '../letters/filter-options.js';
import type { Choice } from './choose-letters.js';

export interface ChoiceOptions extends FilterOptions {
  readonly id?: readonly string[];
  readonly all?: true;
}

/** The options that say which letters to replay: exactly one of ids, a filter, and all. */
export function addChoiceOptions(command: Command, now: () => number): Command {
  command
    .option('--id <id...>', 'the letters with these event ids, or job ids')
    .option('--all', 'every letter');
  return addFilterOptions(command, now);
}

const ONE_OF = 'exactly one of --id, a filter (--reason, --status, --since, --until) and --all';

/** @throws UsageError */
export function choiceOf(options: ChoiceOptions): Choice {
  const filter = filterOf(options);
  const given = [options.id && '--id', !isEmptyFilter(filter) && 'a filter', options.all && '--all'].filter(
    Boolean,
  );
  if (given.length !== 1) {
    const found = given.length === 0 ? 'nothing that says which' : given.join(' and ');
    throw new UsageError({ field: 'dead letters', found, allowed: ONE_OF });
  }
  return options.id === undefined ? { by: 'filter', filter } : { by: 'ids', ids: options.id };
}
