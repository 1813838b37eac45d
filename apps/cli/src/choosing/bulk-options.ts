import type { Command } from 'commander';
import { words } from '../args/words.js';
import type { Context } from '../context.js';
import { UsageError } from '../errors.js';
import { drawingOn } from '../output/form.js';
import { type Pair, pairsText } from '../output/table.js';
import { counted } from '../output/words.js';
import { write } from '../terminal.js';
import { confirmCount } from './confirm.js';
import type { Doing } from './doing.js';

export interface BulkOptions {
  readonly comment?: string;
  readonly yes?: true;
  readonly dryRun?: true;
}

export function addBulkOptions(command: Command, { infinitive, participle }: Doing): Command {
  return addCommentOption(command, ', for the audit trail; needed for more than one letter')
    .option('--yes', `do not ask before more than one letter is ${participle}`)
    .option('--dry-run', `only say which letters it would ${infinitive}`);
}

const COMMENT_LENGTH = 500;

export function addCommentOption(command: Command, more = ', for the audit trail'): Command {
  return command.option('--comment <text>', `why${more}; no personal data`, words(COMMENT_LENGTH));
}

/**
 * Whether it may be done to these letters: for more than one it needs a comment, and a person or `--yes`.
 *
 * @param facts what a person should know
 * @param warnings what is said even if nobody is asked
 * @throws UsageError
 */
export async function mayDo(
  doing: Doing,
  count: number,
  { comment, yes }: BulkOptions,
  facts: readonly Pair[],
  context: Context,
  warnings: readonly Pair[] = [],
): Promise<boolean> {
  const isAsked = count > 1 && yes !== true;
  if (!isAsked && warnings.length > 0) {
    const { stderr } = context.terminal;
    await write(stderr, pairsText(warnings, drawingOn(stderr, context)));
  }
  if (count === 1) return true;
  if (comment === undefined) {
    const why = `${counted(count, 'dead letter')} would be ${doing.participle}`;
    throw new UsageError({ field: '--comment', found: 'nothing', allowed: `a comment, since ${why}` });
  }
  return !isAsked || confirmCount(doing, count, [...facts, ...warnings], context);
}
