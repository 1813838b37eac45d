import type { DeadLetter } from '@callpost/queue';
import { visible } from '../output/visible.js';

const PLAIN_WORD = /^[A-Za-z0-9_./:@%+,=][A-Za-z0-9_./:@%+,=-]*$/;

/** A text as one word of a command that a person copies into a shell. */
export function quoted(text: string): string {
  return PLAIN_WORD.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** How to name a letter in such a command: its event id, or the job id where that is safer. */
export function shellWordOf({ eventId, jobId }: Pick<DeadLetter, 'eventId' | 'jobId'>): string {
  return quoted(eventId !== null && visible(eventId) === eventId ? eventId : jobId);
}
