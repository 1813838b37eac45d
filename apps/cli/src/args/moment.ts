import { isTimestamp } from '@callpost/domain';
import { parseDuration } from './duration.js';

export const MOMENT_ALLOWED =
  'how long ago (90s, 15m, 2h, 3d, 1w) or ISO 8601 with a zone (2026-11-23T02:00:00Z)';

/**
 * A moment as Unix ms; null for what cannot be read as one. A relative moment is fixed here, once, so that a filter
 * means the same letters from its listing to its end.
 */
export function parseMoment(text: string, nowMs: number): number | null {
  const agoMs = parseDuration(text);
  // Nothing died before 1970, and thousands of years ago is no moment to JavaScript.
  if (agoMs !== null) return Math.max(0, nowMs - agoMs);
  if (!isTimestamp(text)) return null;
  return Date.parse(text.replace(',', '.').replace(/([+-]\d{2})(\d{2})$/, '$1:$2'));
}
