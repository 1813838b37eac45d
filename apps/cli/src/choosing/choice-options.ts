import type { DeadLetterFilter } from '@callpost/queue';
import type { Command } from 'commander';
import { UsageError } from '../errors.js';
import { addFilterOptions, type FilterOptions, filterOf, isEmptyFilter } from '../letters/filter-options.js';

export interface ChoiceOptions extends FilterOptions {
  readonly all?: true;
}

/** The options that say which letters something is done to: the filters, or else all. */
export function addChoiceOptions(command: Command, now: () => number): Command {
  return addFilterOptions(command, now).option('--all', 'every letter; only without a filter');
}

const ONE_OF = 'exactly one of a filter (--id, --reason, --status, --cause, …) and --all';

/**
 * Never the empty filter by accident: a forgotten option would mean every letter.
 *
 * @throws UsageError
 */
export function choiceOf(options: ChoiceOptions): DeadLetterFilter {
  const filter = filterOf(options);
  const isEmpty = isEmptyFilter(filter);
  if (isEmpty === (options.all === true)) return filter;
  const found = isEmpty ? 'nothing that says which' : 'a filter and --all';
  throw new UsageError({ field: 'dead letters', found, allowed: ONE_OF });
}
