import { type AttemptRecord, parseAttemptRecord, type Reason } from '@callpost/domain';
import { readMarks } from '../consume/event-marks.js';
import { eventIdOfJobId } from '../names.js';

/** An event no longer attempted, kept with its evidence until a person replays or discards it. */
export interface DeadLetter {
  readonly channel: string;
  readonly jobId: string;
  /** Null when the event has no readable id. */
  readonly eventId: string | null;
  readonly reason: Reason;
  /** The attempt that decided, or null for an event whose workers all died before they could decide. */
  readonly lastAttempt: AttemptRecord | null;
  /** Oldest first, over all replays; the newest 50. */
  readonly attempts: readonly AttemptRecord[];
  /** Unix ms. */
  readonly enqueuedAtMs: number;
  readonly diedAtMs: number;
  readonly possiblyDelivered: boolean;
  readonly replays: number;
  /** As the producer gave it, unmasked; null when it is not JSON. */
  readonly event: unknown;
}

/** The fields of a BullMQ job that a letter is read from, in the order of {@link DeadLetterFields}. */
export const DEAD_LETTER_FIELDS = [
  'data',
  'stacktrace',
  'timestamp',
  'finishedOn',
  'progress',
  'stc',
] as const;

export type DeadLetterFields = readonly (string | null | undefined)[];

/**
 * A letter out of the raw fields of its job, not through BullMQ's `Job`, which throws for data that is not JSON: one
 * such letter must not hide the others.
 *
 * @returns null when the job is gone, or is not dead any more
 */
export function deadLetterOf(channel: string, jobId: string, fields: DeadLetterFields): DeadLetter | null {
  const [data, stacktrace, timestamp, finishedOn, progress, stalls] = fields;
  if (!finishedOn) return null;
  const event = json(data);
  const marks = readMarks(json(progress));
  const attempts = attemptsOf(stacktrace);
  const last = attempts.at(-1);
  // A death by stalls leaves no record of its own, so the last record is then that of an earlier retry.
  const lastAttempt = last?.outcome === 'dead' ? last : null;
  return {
    channel,
    jobId,
    eventId: idOf(event) ?? eventIdOfJobId(jobId),
    reason: lastAttempt?.reason ?? 'stalled',
    lastAttempt,
    attempts,
    enqueuedAtMs: Number(timestamp),
    diedAtMs: Number(finishedOn),
    possiblyDelivered:
      Number(stalls ?? 0) > 0 ||
      marks.possiblyDelivered === true ||
      attempts.some((record) => record.possiblyDelivered === true),
    replays: marks.replays ?? 0,
    event,
  };
}

function attemptsOf(stacktrace: string | null | undefined): AttemptRecord[] {
  const texts = json(stacktrace);
  if (!Array.isArray(texts)) return [];
  return texts.flatMap((text) => (typeof text === 'string' ? (parseAttemptRecord(text) ?? []) : []));
}

function idOf(event: unknown): string | null {
  const id = event !== null && typeof event === 'object' && 'id' in event ? event.id : null;
  return typeof id === 'string' ? id : null;
}

function json(text: string | null | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return null;
  }
}
