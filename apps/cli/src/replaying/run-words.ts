import type { OnCallConflict, RunState } from '@callpost/queue';
import type { Drawing } from '../output/form.js';
import { ageText, countText } from '../output/words.js';

export const CONFLICT_WORDS: Readonly<Record<OnCallConflict, string>> = {
  hold: 'hold: a letter waits while an earlier one of its call is dead again, and is skipped after newer ones',
  skip: 'skip: a letter is skipped when an earlier one of its call dies again, and after newer ones',
  continue: 'continue: a letter is sent even out of the order of its call',
};

export const STATE_WORDS: Readonly<Record<RunState, string>> = {
  planned: 'planned, not started',
  running: 'running',
  paused: 'paused',
  stopped_by_canary: 'stopped by its canary',
  cancelled: 'cancelled',
  done: 'done',
};

export function durationText(letters: number, perSecond: number): string {
  return ageText(Math.ceil(letters / perSecond) * 1_000);
}

/** `50 per second`, `12 per minute`. */
export function rateText(perSecond: number): string {
  return perSecond < 1 ? `${countText(perSecond * 60)} per minute` : `${countText(perSecond)} per second`;
}

/** What to type next; nothing when there is nothing. */
export function nextText(commands: readonly string[], { paint }: Drawing): string {
  if (commands.length === 0) return '';
  return `\n${paint('bold', 'Next')}\n${commands.map((command) => `  ${command}\n`).join('')}`;
}
