import { visible } from '../output/visible.js';
import { quoted } from './shell-word.js';

/** More ids than this make no command that a person would copy. */
const IDS_AT_MOST = 20;

/** To the millisecond, or the last letter would not fit. */
const moment = (atMs: unknown) => new Date(Number(atMs)).toISOString();

const ARGUMENTS: Readonly<Record<string, (value: unknown) => string>> = {
  ids: (ids) => `--id ${(ids as unknown[]).map((id) => quoted(String(id))).join(' ')}`,
  reason: (reason) => `--reason ${reason}`,
  status: (status) => `--status ${status}`,
  causeId: (id) => `--cause ${id}`,
  thread: (id) => `--thread ${quoted(String(id))}`,
  sinceMs: (atMs) => `--since ${moment(atMs)}`,
  untilMs: (atMs) => `--until ${moment(atMs)}`,
  match: (text) => `--match ${quoted(String(text))}`,
  replayed: (howOften) => `--replayed ${howOften}`,
  possiblyDelivered: (is) => `--possibly-delivered ${is === true ? 'yes' : 'no'}`,
};

/**
 * A filter as the options that mean it: `--cause http_422.35wckeasdgsu9 --until 2026-11-23T02:00:00.123Z`. Null for one
 * that is too long to type, or that has something in it that a terminal would not show as it is.
 */
export function filterArguments(filter: Readonly<Record<string, unknown>>): string | null {
  const { ids } = filter;
  if (Array.isArray(ids) && ids.length > IDS_AT_MOST) return null;
  const parts = Object.entries(filter).map(([key, value]) => ARGUMENTS[key]?.(value) ?? null);
  const text = parts.join(' ');
  return parts.includes(null) || visible(text) !== text ? null : text;
}
