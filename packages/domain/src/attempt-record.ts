import { isReason, type Reason } from './reason.js';

/**
 * One attempt as its event remembers it. Kept as JSON in Redis, so the names are short and what is absent is left out.
 * The records of an event are the evidence of its dead letter.
 */
export interface AttemptRecord {
  /** 1 for the first since the event was enqueued or last replayed. */
  readonly attempt: number;
  /** Start, Unix ms. */
  readonly atMs: number;
  readonly durationMs: number;
  /** Which worker process: host name and pid. */
  readonly worker: string;
  readonly outcome: 'retry' | 'dead';
  readonly reason: Reason;
  /** For `expired` and `exhausted`: what this attempt itself failed of. */
  readonly lastReason?: Reason;
  readonly status?: number;
  /** The network error's code, when there was no status. */
  readonly code?: string;
  /** Masked, at most {@link EXCERPT_LENGTH} characters. */
  readonly excerpt?: string;
  /** For `invalid_event`: which fields, why. */
  readonly faults?: readonly string[];
  /** This or an earlier attempt broke off after the request had begun to be written, or its worker died. */
  readonly possiblyDelivered?: true;
}

export const EXCERPT_LENGTH = 1_024;

/** How many attempts an event remembers; the oldest are forgotten first. A day of backoff at its cap is about 150. */
export const HISTORY_LENGTH = 50;

/** Null for a text that is no attempt record, such as the stack trace of another program. */
export function parseAttemptRecord(text: string): AttemptRecord | null {
  const value = jsonOrNull(text);
  if (value === null || typeof value !== 'object') return null;
  const record = value as Partial<AttemptRecord>;
  const complete =
    typeof record.attempt === 'number' &&
    typeof record.atMs === 'number' &&
    typeof record.durationMs === 'number' &&
    typeof record.worker === 'string' &&
    typeof record.reason === 'string' &&
    isReason(record.reason);
  return complete ? (record as AttemptRecord) : null;
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
