import { defaultCanary, type OnCallConflict } from '@callpost/queue';
import type { Command } from 'commander';
import { parseRate, RATE_ALLOWED } from '../args/rate.js';
import { argumentOf, oneOf, wholeNumber } from '../args/value.js';
import { addChoiceOptions, type ChoiceOptions } from '../choosing/choice-options.js';

export interface PlanOptions extends ChoiceOptions {
  /** Per second. */
  readonly maxRate?: number;
  readonly canary?: number;
  readonly onCallConflict?: OnCallConflict;
  readonly patch?: string;
  readonly edit?: true;
  readonly reveal?: true;
  readonly comment?: string;
}

export const DEFAULT_PER_SECOND = 50;

/** What a run is made of: which letters, and how they are sent. Without defaults, so that what was typed is known. */
export function addPlanOptions(command: Command, now: () => number): Command {
  return addChoiceOptions(command, now)
    .option(
      '--max-rate <rate>',
      `letters per second at most, such as 10/s (default: ${DEFAULT_PER_SECOND}/s)`,
      argumentOf(parseRate, RATE_ALLOWED),
    )
    .option(
      '--canary <n>',
      'send so many first, and stop if over 20 % of them die again of one cause; 0 for none (default: 5 of more than 50)',
      wholeNumber({ min: 0, max: 1_000_000 }),
    )
    .option(
      '--on-call-conflict <rule>',
      'a letter whose call is not in order, since an earlier one died again or newer ones were delivered: hold, skip, or continue (default: hold)',
      oneOf(['hold', 'skip', 'continue']),
    )
    .option('--patch <file>', 'change every event by this JSON Merge Patch (RFC 7396)')
    .option('--edit', 'change the event of one letter in $VISUAL or $EDITOR')
    .option('--reveal', 'show the change unmasked, which is personal data');
}

/** How many of a run's letters are sent first; 0 for none, as where there would be no rest. */
export function canaryOf(letters: number, { canary }: Pick<PlanOptions, 'canary'>): number {
  const first = canary ?? defaultCanary(letters);
  return first < letters ? first : 0;
}
