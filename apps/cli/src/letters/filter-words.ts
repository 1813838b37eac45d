import { momentText } from '../output/words.js';

/** One thing that a filter asks for. The audit trail hands back what any version has written, so nothing is known of it. */
const WORDS: Readonly<Record<string, (value: unknown) => string>> = {
  all: () => 'all',
  ids: (ids) => (Array.isArray(ids) ? idsText(ids) : `id ${ids}`),
  reason: (reason) => `reason ${reason}`,
  status: (status) => `HTTP status ${status}`,
  causeId: (id) => `cause ${id}`,
  thread: (id) => `thread ${id}`,
  sinceMs: (atMs) => `died since ${typeof atMs === 'number' ? momentText(atMs) : atMs}`,
  untilMs: (atMs) => `died until ${typeof atMs === 'number' ? momentText(atMs) : atMs}`,
  match: (text) => `a response like ${JSON.stringify(text)}`,
  replayed: (howOften) => (howOften === 'never' ? 'no replay' : 'a replay'),
  possiblyDelivered: (is) => (is === true ? 'possible delivery' : 'no possible delivery'),
};

/** `reason http_422, died since 2026-11-23T02:00:00Z`; empty for the empty filter. */
export function filterWords(filter: Readonly<Record<string, unknown>>): string {
  return Object.entries(filter)
    .map(([key, value]) => WORDS[key]?.(value) ?? `${key} ${JSON.stringify(value)}`)
    .join(', ');
}

/** ` with reason http_422`; empty for the empty filter. */
export function filterText(filter: Readonly<object>): string {
  const words = filterWords({ ...filter });
  return words === '' ? '' : ` with ${words}`;
}

/** There may be hundreds. */
const IDS_SHOWN = 3;

function idsText(ids: readonly unknown[]): string {
  const more = ids.length > IDS_SHOWN ? ` and ${ids.length - IDS_SHOWN} more` : '';
  return `${ids.length === 1 ? 'id' : 'ids'} ${ids.slice(0, IDS_SHOWN).join(' ')}${more}`;
}
