import type { Reason } from '@callpost/domain';
import type { DeadLetter } from '@callpost/queue';
import { maskedCustomerPhone } from './shown-event.js';

/** A dead letter as `dlq list` shows it, in every form: nothing personal but what the ids may hold. */
export interface LetterView {
  readonly channel: string;
  /** Null when the event has no readable id; then the job id finds it. */
  readonly eventId: string | null;
  readonly jobId: string;
  readonly diedAtMs: number;
  readonly enqueuedAtMs: number;
  readonly reason: Reason;
  /** Id of the cause: what it has in common with letters that died alike. */
  readonly cause: string;
  /** For `expired` and `exhausted`: what the last attempt failed of. */
  readonly lastReason: Reason | null;
  /** The HTTP status of the last attempt; null when there was none. */
  readonly status: number | null;
  /** Since it was enqueued or last replayed. */
  readonly attempts: number;
  readonly replays: number;
  readonly possiblyDelivered: boolean;
  /** Masked; null when the event does not fit the schema. */
  readonly customerPhone: string | null;
  /** What came back, masked: the excerpt of the response, else the network error's code, else the event's faults. */
  readonly response: string | null;
}

export function letterView(letter: DeadLetter): LetterView {
  const { channel, eventId, jobId, diedAtMs, enqueuedAtMs, reason, replays, possiblyDelivered } = letter;
  const last = letter.lastAttempt;
  return {
    channel,
    eventId,
    jobId,
    diedAtMs,
    enqueuedAtMs,
    reason,
    cause: letter.cause.id,
    lastReason: last?.lastReason ?? null,
    status: last?.status ?? null,
    attempts: last?.attempt ?? letter.attempts.length,
    replays,
    possiblyDelivered,
    customerPhone: maskedCustomerPhone(letter),
    response: last?.excerpt ?? last?.code ?? last?.faults?.join('; ') ?? null,
  };
}

/** `expired (http_5xx)`. */
export function reasonText({ reason, lastReason }: Pick<LetterView, 'reason' | 'lastReason'>): string {
  return lastReason === null ? reason : `${reason} (${lastReason})`;
}
