import { refusesChannel } from './channel-signal.js';
import { type Reason, reasonOfStatus } from './reason.js';
import { parseRetryAfter } from './retry-after.js';
import type { AttemptResult, Verdict } from './verdict.js';

export interface RetryPolicy {
  /** Backoff before the second attempt; doubles from there. */
  readonly baseMs: number;
  /** The longest backoff. */
  readonly capMs: number;
  /** The longest wait that a `Retry-After` header gets. */
  readonly retryAfterCapMs: number;
  /** An event that would have to wait beyond this age is dead, `expired`. */
  readonly maxAgeMs: number;
  /** The attempt after which an event is dead, `exhausted`. */
  readonly maxAttempts: number;
  /** 4xx that say "later", not "wrong". Empty: every 4xx is dead at once. */
  readonly retryableStatus: ReadonlySet<number>;
}

const MINUTE_MS = 60_000;

/** DESIGN §4. 200 attempts are more than fit into 24 h, so by default it is the age that ends an event. */
export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  baseMs: 1_000,
  capMs: 10 * MINUTE_MS,
  retryAfterCapMs: 60 * MINUTE_MS,
  maxAgeMs: 24 * 60 * MINUTE_MS,
  maxAttempts: 200,
  retryableStatus: new Set([408, 425, 429]),
};

export interface AttemptCircumstances {
  /** 1 for the first. */
  readonly attempt: number;
  /** When the event was enqueued, or last replayed: its age counts from there. */
  readonly queuedAtMs: number;
  readonly nowMs: number;
  /** For how long of that time its channel was stopped: the event did not age meanwhile. */
  readonly stoppedMs?: number;
  /** Re:amaze refuses every event of the channel: its refusals are no verdict on this one. */
  readonly isChannelHeld?: boolean;
  /** From 0 up to, not including, 1. */
  readonly random: number;
}

/** The one place that decides what an attempt means for its event. The rules are the table of DESIGN §4. */
export function judgeAttempt(result: AttemptResult, at: AttemptCircumstances, policy: RetryPolicy): Verdict {
  if (result.kind === 'interrupted') return { outcome: 'interrupted', reason: result.reason };
  if (result.kind === 'failed') return later(result.reason, 0, at, policy);
  const reason = reasonOfStatus(result.status);
  if (reason === null) return { outcome: 'delivered' };
  if (at.isChannelHeld === true && refusesChannel(result.status))
    return { outcome: 'interrupted', reason: 'channel_held' };
  if (!mayRetryStatus(result.status, reason, policy)) return { outcome: 'dead', reason };
  const askedMs = Math.min(parseRetryAfter(result.retryAfter, at.nowMs) ?? 0, policy.retryAfterCapMs);
  return later(reason, askedMs, at, policy);
}

/**
 * Backoff before the attempt after `attempt`, in ms: doubles from `baseMs` to `capMs`, then a random share of up to
 * half is taken off, so that events which failed together do not come back together.
 */
export function backoffMs(attempt: number, random: number, policy: RetryPolicy): number {
  const doubled = Math.min(policy.capMs, policy.baseMs * 2 ** Math.min(attempt - 1, 40));
  return Math.round(doubled * (1 - random / 2));
}

function mayRetryStatus(status: number, reason: Reason, policy: RetryPolicy): boolean {
  return reason === 'http_5xx' || reason === 'protocol' || policy.retryableStatus.has(status);
}

/** Past an asked wait the same jitter is added, not taken off: never before the time that was asked for. */
function later(reason: Reason, askedMs: number, at: AttemptCircumstances, policy: RetryPolicy): Verdict {
  if (at.attempt >= policy.maxAttempts) return { outcome: 'dead', reason: 'exhausted', lastReason: reason };
  const jitteredAskMs = askedMs + Math.round(at.random * Math.min(askedMs, policy.baseMs));
  const retryAtMs = at.nowMs + Math.max(backoffMs(at.attempt, at.random, policy), jitteredAskMs);
  if (retryAtMs > at.queuedAtMs + (at.stoppedMs ?? 0) + policy.maxAgeMs)
    return { outcome: 'dead', reason: 'expired', lastReason: reason };
  return { outcome: 'retry', reason, retryAtMs };
}
