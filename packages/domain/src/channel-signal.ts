import { reasonOfStatus } from './reason.js';
import { parseRetryAfter } from './retry-after.js';
import type { AttemptResult } from './verdict.js';

/** What an attempt says of its channel, whatever it means for its event. */
export type ChannelSignal =
  /** Re:amaze works, and takes what this channel sends; perhaps not this event. */
  | { readonly kind: 'ok' }
  /** Re:amaze or the way to it fails. `waitMs`: how long it asked to be left alone; null when it did not. */
  | { readonly kind: 'failed'; readonly waitMs: number | null }
  /** Too much at a time. */
  | { readonly kind: 'limited'; readonly waitMs: number }
  /** It is the channel that is refused: its secret, its URL. Every event would be. */
  | { readonly kind: 'refused'; readonly status: number }
  /** It says nothing: we broke it off ourselves, or were asked to send this event later. */
  | { readonly kind: 'none' };

/** A 429 that does not say for how long. */
const UNSAID_WAIT_MS = 1_000;
const SAYS_NOTHING: ReadonlySet<number> = new Set([408, 425]);
const REFUSES_CHANNEL: ReadonlySet<number> = new Set([401, 403, 404, 410]);

/** @param nowMs when the answer came, for a `Retry-After` that is a date */
export function signalOf(
  result: AttemptResult,
  { nowMs, retryAfterCapMs }: { readonly nowMs: number; readonly retryAfterCapMs: number },
): ChannelSignal {
  if (result.kind === 'interrupted') return { kind: 'none' };
  if (result.kind === 'failed') return { kind: 'failed', waitMs: null };
  const { status, retryAfter } = result;
  const askedMs = Math.min(parseRetryAfter(retryAfter, nowMs) ?? 0, retryAfterCapMs);
  if (status === 429) return { kind: 'limited', waitMs: askedMs || UNSAID_WAIT_MS };
  if (SAYS_NOTHING.has(status)) return { kind: 'none' };
  if (refusesChannel(status)) return { kind: 'refused', status };
  const reason = reasonOfStatus(status);
  return reason === 'http_5xx' || reason === 'protocol'
    ? { kind: 'failed', waitMs: askedMs || null }
    : { kind: 'ok' };
}

/** A redirect counts: a POST is never redirected, so with such a URL every event would be refused. */
export function refusesChannel(status: number): boolean {
  return REFUSES_CHANNEL.has(status) || (status >= 300 && status < 400);
}
