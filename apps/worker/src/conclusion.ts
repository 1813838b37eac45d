import type { AttemptRecord, AttemptResult, EventWarning, Reason, Verdict } from '@callpost/domain';
import type { Settlement, TakenEvent } from '@callpost/queue';
import type { AttemptEntry } from '@callpost/telemetry';

/** Everything known at the end of an attempt. From it come the log line and metrics, and what the event remembers. */
export interface Conclusion {
  readonly channel: string;
  readonly workerName: string;
  readonly taken: TakenEvent;
  /** Unix ms. */
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly verdict: Verdict;
  /** Absent when the event was never sent. */
  readonly result?: AttemptResult;
  readonly code?: string | undefined;
  /** Of the response, masked. */
  readonly excerpt?: string;
  readonly faults?: readonly string[];
  readonly warnings?: readonly EventWarning[];
}

/** What is told of the attempt. Not the excerpt: it is masked, but logs travel further than letters. */
export function entryOf(conclusion: Conclusion): AttemptEntry {
  const { channel, taken, verdict, finishedAtMs, warnings = [] } = conclusion;
  const entry: Mutable<AttemptEntry> = {
    channel,
    eventId: eventIdOf(taken.data),
    jobId: taken.jobId,
    origin: taken.origin,
    outcome: verdict.outcome,
    attempt: taken.attempt,
    durationMs: finishedAtMs - conclusion.startedAtMs,
    latencyMs: finishedAtMs - taken.queuedAtMs,
  };
  addFacts(entry, conclusion);
  if (verdict.outcome === 'retry') entry.retryInMs = verdict.retryAtMs - finishedAtMs;
  if (taken.overtaken > 0) entry.overtaken = taken.overtaken;
  if (warnings.length > 0) entry.warnings = warnings;
  return entry;
}

/** The verdict with the record of the attempt that led to it. */
export function settlementOf(conclusion: Conclusion): Settlement {
  const { verdict } = conclusion;
  switch (verdict.outcome) {
    case 'delivered':
      return { outcome: 'delivered' };
    case 'interrupted':
      return { ...verdict, mayHaveArrived: mayHaveArrived(conclusion) };
    case 'retry':
      return { outcome: 'retry', retryAtMs: verdict.retryAtMs, record: recordOf(conclusion, verdict) };
    case 'dead':
      return { outcome: 'dead', record: recordOf(conclusion, verdict) };
  }
}

function recordOf(
  conclusion: Conclusion,
  verdict: { outcome: 'retry' | 'dead'; reason: Reason },
): AttemptRecord {
  const { taken, startedAtMs, finishedAtMs, workerName, excerpt = '' } = conclusion;
  const record: Mutable<AttemptRecord> = {
    atMs: startedAtMs,
    worker: workerName,
    outcome: verdict.outcome,
    reason: verdict.reason,
    attempt: taken.attempt,
    durationMs: finishedAtMs - startedAtMs,
  };
  addFacts(record, conclusion);
  if (excerpt !== '') record.excerpt = excerpt;
  return record;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/**
 * What line and record tell alike, as far as there is something to tell. Set one by one: spreading objects that are
 * mostly empty took as long as checking the event.
 */
function addFacts(to: Mutable<AttemptEntry> | Mutable<AttemptRecord>, conclusion: Conclusion): void {
  const { taken, verdict, result, code, faults } = conclusion;
  if ('reason' in verdict) to.reason = verdict.reason;
  if ('lastReason' in verdict) to.lastReason = verdict.lastReason;
  if (result?.kind === 'answered') to.status = result.status;
  if (result?.kind === 'failed' && code !== undefined) to.code = code;
  if (faults !== undefined) to.faults = faults;
  if (verdict.outcome !== 'delivered' && (taken.possiblyDelivered || mayHaveArrived(conclusion))) {
    to.possiblyDelivered = true;
  }
}

function mayHaveArrived({ result }: Conclusion): boolean {
  return result !== undefined && result.kind !== 'answered' && result.mayHaveArrived;
}

function eventIdOf(data: unknown): string | null {
  const id = data !== null && typeof data === 'object' && 'id' in data ? data.id : null;
  return typeof id === 'string' ? id : null;
}
