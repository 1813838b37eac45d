import type { EventWarning, Outcome, Reason } from '@callpost/domain';

/** What is told about one attempt: the wide log line, and the source of the delivery metrics. No personal data. */
export interface AttemptEntry {
  readonly channel: string;
  readonly eventId: string | null;
  readonly jobId: string;
  /** 1 for the first since the event was enqueued or last replayed. */
  readonly attempt: number;
  readonly origin: 'live' | 'replay';
  readonly outcome: Outcome;
  readonly reason?: Reason;
  /** For `expired` and `exhausted`: what the attempt itself failed of. */
  readonly lastReason?: Reason;
  readonly status?: number;
  readonly code?: string;
  /** From taking the event to the verdict. */
  readonly durationMs: number;
  /** From enqueueing, or the last replay, to the verdict. */
  readonly latencyMs: number;
  readonly retryInMs?: number;
  readonly possiblyDelivered?: true;
  /** Earlier events of its call that it overtook, having waited for them for as long as an event may. */
  readonly overtaken?: number;
  /** For `invalid_event`: which fields, why; kinds of values, never values. */
  readonly faults?: readonly string[];
  readonly warnings?: readonly EventWarning[];
  /** Of the event's trace, when it is traced and sampled. */
  readonly traceId?: string;
}
