import type { CallEvent } from './call-event.js';

/**
 * The one text of an event that is signed and sent. JSON.stringify writes half a surrogate pair as the escape
 * `\ud83d`, which Ruby's parser turns into an invalid string; such halves become U+FFFD here, before the signature.
 */
export function serialiseEvent(event: CallEvent): string {
  const json = JSON.stringify(event);
  return LONE_SURROGATE_ESCAPE.test(json) ? JSON.stringify(wellFormed(event)) : json;
}

/** May also match an escaped backslash before `ud800`; the slower way then gives the same text. */
const LONE_SURROGATE_ESCAPE = /\\ud[89a-f]/;

function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key.toWellFormed(), wellFormed(inner)]),
  );
}
