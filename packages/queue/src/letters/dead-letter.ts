import { type AttemptRecord, type Cause, causeOf, parseAttemptRecord, type Reason } from '@callpost/domain';
import { type EventMarks, readMarks } from '../event-marks.js';
import { eventIdOfJobId } from '../names.js';
import { callOf } from './letter-entry.js';

/** An event no longer attempted, kept with its evidence until a person replays or discards it. */
export interface DeadLetter {
  readonly channel: string;
  readonly jobId: string;
  /** Null when the event has no readable id. */
  readonly eventId: string | null;
  readonly reason: Reason;
  /** What it has in common with letters that died alike. */
  readonly cause: Cause;
  /** Its call, `thread:…` or `phone:…`; null when the event does not say. */
  readonly call: string | null;
  /** The attempt that decided, or null for an event whose workers all died before they could decide. */
  readonly lastAttempt: AttemptRecord | null;
  /** Oldest first, over all replays; the newest 50. */
  readonly attempts: readonly AttemptRecord[];
  /** Unix ms. */
  readonly enqueuedAtMs: number;
  /** Ascending in the order of enqueueing, also within a millisecond when one producer did it. */
  readonly enqueueOrder: number;
  readonly diedAtMs: number;
  readonly possiblyDelivered: boolean;
  readonly replays: number;
  /** As the producer gave it or as last edited, unmasked; null when it is not JSON. */
  readonly event: unknown;
  /** As the producer gave it, when it was edited since; else null. */
  readonly original: unknown;
  /** Unix ms of each edit. */
  readonly editedAtMs: readonly number[];
}

/** The field of a job that keeps its data as it was before the first edit. */
export const ORIGINAL_FIELD = 'callpost:original';

/** The fields of a BullMQ job that a letter is read from. */
export const DEAD_LETTER_FIELDS = [
  'data',
  'stacktrace',
  'timestamp',
  'finishedOn',
  'progress',
  'stc',
  'failedReason',
  ORIGINAL_FIELD,
] as const;

/**
 * A letter out of the raw fields of its job, in the order of {@link DEAD_LETTER_FIELDS}. Not through BullMQ's `Job`,
 * which throws for data that is not JSON: one such letter must not hide the others.
 *
 * @returns null when the job is gone, or is not dead any more
 */
export function deadLetterOf(
  channel: string,
  jobId: string,
  fields: readonly (string | null | undefined)[],
): DeadLetter | null {
  const [data, stacktrace, timestamp, finishedOn, progress, stalls, failedReason, original] = fields;
  if (!finishedOn) return null;
  return createLetter({
    channel,
    jobId,
    event: json(data),
    original: json(original),
    attempts: attemptsOf(json(stacktrace)),
    timestamp: Number(timestamp),
    diedAtMs: Number(finishedOn),
    marks: readMarks(json(progress)),
    hasStalled: Number(stalls ?? 0) > 0,
    isStalledToDeath: failedReason?.startsWith(STALLED_TO_DEATH) ?? false,
  });
}

/** What BullMQ itself gives as the reason of a failure that no processor decided. */
const STALLED_TO_DEATH = 'job stalled more than';

export interface LetterParts {
  readonly channel: string;
  readonly jobId: string;
  readonly event: unknown;
  readonly original: unknown;
  readonly attempts: readonly AttemptRecord[];
  readonly timestamp: number;
  readonly diedAtMs: number;
  readonly marks: EventMarks;
  readonly hasStalled: boolean;
  readonly isStalledToDeath: boolean;
}

export function createLetter({
  timestamp,
  marks,
  hasStalled,
  isStalledToDeath,
  ...parts
}: LetterParts): DeadLetter {
  const { jobId, event, attempts } = parts;
  const last = attempts.at(-1);
  // A death by stalls leaves no record of its own; the last record is then that of an earlier attempt.
  const lastAttempt = isStalledToDeath || last?.outcome !== 'dead' ? null : last;
  const reason = lastAttempt?.reason ?? 'stalled';
  return {
    ...parts,
    enqueuedAtMs: Math.trunc(timestamp),
    enqueueOrder: timestamp,
    eventId: idOf(event) ?? eventIdOfJobId(jobId),
    reason,
    cause: causeOf(reason, lastAttempt),
    call: callOf(event),
    lastAttempt,
    possiblyDelivered:
      hasStalled ||
      marks.possiblyDelivered === true ||
      attempts.some((record) => record.possiblyDelivered === true),
    replays: marks.replays ?? 0,
    editedAtMs: marks.editedAtMs ?? [],
  };
}

/** @param texts BullMQ's stack traces: ours are attempt records, those of another program's jobs are not */
export function attemptsOf(texts: unknown): AttemptRecord[] {
  if (!Array.isArray(texts)) return [];
  return texts.flatMap((text) => (typeof text === 'string' ? (parseAttemptRecord(text) ?? []) : []));
}

function idOf(event: unknown): string | null {
  const id = event !== null && typeof event === 'object' && 'id' in event ? event.id : null;
  return typeof id === 'string' ? id : null;
}

/** Null for what is no JSON. */
export function json(text: string | null | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return null;
  }
}
