const ISO8601 =
  /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?(?:Z|[+-](\d{2}):?(\d{2}))$/;

/**
 * Whether a text is a moment that exists, with its zone: `2019-08-06T23:21:15+0000`, `…+00:00` or `…Z`.
 * A text without a zone is refused, since Re:amaze would have to guess one; so is 30 February, which
 * `new Date()` silently turns into 2 March.
 */
export function isTimestamp(text: string): boolean {
  const match = ISO8601.exec(text);
  if (match === null) return false;
  const part = (place: number) => Number(match[place] ?? 0);
  const month = part(2);
  const day = part(3);
  const date = new Date(Date.UTC(part(1), month - 1, day));
  const dayExists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return dayExists && part(4) < 24 && part(5) < 60 && part(6) < 60 && part(7) < 15 && part(8) < 60;
}

/** A moment in the very form of Re:amaze's document, whole seconds in UTC: `2019-08-06T23:21:15+0000`. */
export function formatTimestamp(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19)}+0000`;
}
