import type { OnCallConflict } from '@callpost/queue';
import type { Paint } from '../output/paint.js';
import { countText } from '../output/words.js';

/** Letters whose call went on without them: newer events of it were delivered since they died. */
export interface Overtaken {
  readonly newerDelivered: number;
  /** Of so many letters. */
  readonly letters: number;
  readonly onCallConflict: OnCallConflict;
  /** What to type to have them sent all the same. */
  readonly instead: string;
}

/**
 * Said before anything is sent, and not to be overlooked: otherwise a person reads "38,000 skipped" afterwards. Empty
 * when no letter is concerned.
 */
export function overtakenText(overtaken: Overtaken, paint: Paint): string {
  const { newerDelivered, letters, onCallConflict, instead } = overtaken;
  if (newerDelivered === 0) return '';
  const some = newerDelivered === letters ? `All ${countText(letters)}` : countText(newerDelivered);
  const of = newerDelivered === letters ? '' : ` of ${countText(letters)}`;
  const why = 'newer events of their calls were delivered already';
  if (onCallConflict === 'continue') {
    return `\n${paint('yellow', `${some}${of} are sent out of order, as asked for: ${why}.`)}\n`;
  }
  return [
    `\n${paint('yellow', `${some}${of} will be SKIPPED, and stay dead letters: ${why}.`)}\n`,
    `To send them all the same: ${instead}\n`,
    'Re:amaze shows each at the time it was created, but a late one may undo what a newer one set, as the assignee.\n',
  ].join('');
}
