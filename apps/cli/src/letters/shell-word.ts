import type { DeadLetter } from '@callpost/queue';
import { visible } from '../output/visible.js';

const PLAIN_WORD = /^[A-Za-z0-9_./:@%+,=][A-Za-z0-9_./:@%+,=-]*$/;

/** How to name a letter in a command that a person copies into a shell: its event id, or the job id where that is safer. */
export function shellWordOf({ eventId, jobId }: Pick<DeadLetter, 'eventId' | 'jobId'>): string {
  const id = eventId !== null && visible(eventId) === eventId ? eventId : jobId;
  return PLAIN_WORD.test(id) ? id : `'${id.replaceAll("'", `'\\''`)}'`;
}
