import type { OnCallConflict } from '@callpost/queue';
import type { Pair } from '../output/table.js';
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

const WHY = 'newer events of their calls were delivered already';

/**
 * Said before anything is sent, and not to be overlooked: otherwise a person reads "38,000 skipped" afterwards. Empty
 * when no letter is concerned.
 */
export function overtakenFacts({ newerDelivered, letters, onCallConflict, instead }: Overtaken): Pair[] {
  if (newerDelivered === 0) return [];
  const some =
    newerDelivered === letters
      ? `all ${countText(letters)}`
      : `${countText(newerDelivered)} of ${countText(letters)}`;
  if (onCallConflict === 'continue') {
    return [['OUT OF ORDER', `${some}, as asked for: ${WHY}`, 'yellow']];
  }
  return [
    ['SKIPPED', `${some} will be, and stay dead letters: ${WHY}`, 'yellow'],
    ['', `to send them all the same: ${instead}`, 'yellow'],
    ['', 'a late event may undo what a newer one set, such as the assignee'],
  ];
}
