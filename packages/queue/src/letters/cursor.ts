import { kindOf } from '@callpost/domain';
import type { Place } from './scan-newest-first.js';

/** A place as a text to hand out: opaque, and safe in a URL. */
export function cursorOf({ score, member }: Place): string {
  return Buffer.from(`${score}:${member}`).toString('base64url');
}

/** @throws RangeError for a text that is no cursor */
export function placeOfCursor(cursor: string): Place {
  const [, score, member] = /^(\d+):(.+)$/s.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (score === undefined || member === undefined) {
    throw new RangeError(
      `cursor: found ${kindOf(cursor)}; allowed: the cursor that came with the page before`,
    );
  }
  return { score: Number(score), member };
}
