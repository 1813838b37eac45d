import type { Cause, Reason } from '@callpost/domain';
import type { DeadLetter } from './dead-letter.js';
import type { LetterEntry } from './letter-entry.js';

/** Which letters; absent means any, and all that is given must hold. */
export interface DeadLetterFilter {
  /** Event ids or job ids. */
  readonly ids?: readonly string[];
  readonly reason?: Reason;
  readonly status?: number;
  readonly causeId?: string;
  /** `thread_id` of the call. */
  readonly thread?: string;
  /** Unix ms of the death, both inclusive. */
  readonly sinceMs?: number;
  readonly untilMs?: number;
  /** A part of the cause's template, whatever its case: what the other side said. */
  readonly match?: string;
  /** `never`: not replayed yet. `any`: died again after a replay. */
  readonly replayed?: 'never' | 'any';
  readonly possiblyDelivered?: boolean;
}

/** Whether a cause's letters may fit at all. */
export function causeFits(cause: Cause, { causeId, reason, match }: DeadLetterFilter): boolean {
  return (
    (causeId === undefined || cause.id === causeId) &&
    (reason === undefined || cause.reason === reason) &&
    (match === undefined || cause.template.toLowerCase().includes(match.toLowerCase()))
  );
}

/** Whether a letter fits as far as its entry tells, given that its cause does. */
export function entryFits(entry: LetterEntry, filter: DeadLetterFilter): boolean {
  const { status, thread, replayed, possiblyDelivered } = filter;
  return (
    (status === undefined || entry.status === status) &&
    (thread === undefined || entry.call === `thread:${thread}`) &&
    (replayed === undefined || entry.isReplayed === (replayed === 'any')) &&
    (possiblyDelivered === undefined || entry.isPossiblyDelivered === possiblyDelivered)
  );
}

/** The whole truth about a letter that has been read. */
export function letterFits(letter: DeadLetter, entry: LetterEntry, filter: DeadLetterFilter): boolean {
  const { ids, sinceMs = 0, untilMs = Number.POSITIVE_INFINITY } = filter;
  return (
    causeFits(letter.cause, filter) &&
    entryFits(entry, filter) &&
    letter.diedAtMs >= sinceMs &&
    letter.diedAtMs <= untilMs &&
    (ids === undefined || ids.includes(letter.jobId) || ids.includes(letter.eventId ?? ''))
  );
}
