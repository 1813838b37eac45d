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
  return {
    channel,
    eventId: eventIdOf(taken.data),
    jobId: taken.jobId,
    origin: taken.origin,
    outcome: verdict.outcome,
    ...sharedFacts(conclusion),
    latencyMs: finishedAtMs - taken.queuedAtMs,
    ...(verdict.outcome === 'retry' ? { retryInMs: verdict.retryAtMs - finishedAtMs } : {}),
    ...(taken.overtaken > 0 ? { overtaken: taken.overtaken } : {}),
    ...(warnings.length > 0 ? { warnings } : {}),
  };
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
  const { startedAtMs, workerName, excerpt = '' } = conclusion;
  return {
    atMs: startedAtMs,
    worker: workerName,
    outcome: verdict.outcome,
    reason: verdict.reason,
    ...sharedFacts(conclusion),
    ...(excerpt === '' ? {} : { excerpt }),
  };
}

function sharedFacts(conclusion: Conclusion) {
  const { taken, verdict, result, code, faults, startedAtMs, finishedAtMs } = conclusion;
  const isPossiblyDelivered =
    verdict.outcome !== 'delivered' && (taken.possiblyDelivered || mayHaveArrived(conclusion));
  return {
    attempt: taken.attempt,
    durationMs: finishedAtMs - startedAtMs,
    ...('reason' in verdict ? { reason: verdict.reason } : {}),
    ...('lastReason' in verdict ? { lastReason: verdict.lastReason } : {}),
    ...(result?.kind === 'answered' ? { status: result.status } : {}),
    ...(result?.kind === 'failed' && code !== undefined ? { code } : {}),
    ...(faults === undefined ? {} : { faults }),
    ...(isPossiblyDelivered ? { possiblyDelivered: true as const } : {}),
  };
}

function mayHaveArrived({ result }: Conclusion): boolean {
  return result !== undefined && result.kind !== 'answered' && result.mayHaveArrived;
}

function eventIdOf(data: unknown): string | null {
  const id = data !== null && typeof data === 'object' && 'id' in data ? data.id : null;
  return typeof id === 'string' ? id : null;
}
