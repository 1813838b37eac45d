import { setTimeout as delay } from 'node:timers/promises';
import type { CallEventQueue } from '@callpost/queue';
import { inOrderOfTime, type SampleCall } from './sample-calls.js';

export interface SendCallsOptions {
  readonly calls: readonly SampleCall[];
  readonly queue: CallEventQueue;
  readonly onCallStarts: (call: SampleCall) => void;
  /** Monotonic ms. */
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
}

/**
 * Sends each event at its time, as a phone system would: as soon as it happens, one after the other.
 *
 * @throws Error when an event is not accepted: the ids are new and the events valid, so that is a fault of ours
 */
export async function sendCalls({
  calls,
  queue,
  onCallStarts,
  nowMs,
  signal,
}: SendCallsOptions): Promise<void> {
  const startedMs = nowMs();
  const callOf = new Map(calls.map((call) => [call.number, call]));
  for (const { event, call: number, afterMs } of inOrderOfTime(calls)) {
    await delay(Math.max(0, startedMs + afterMs - nowMs()), undefined, { signal });
    const call = callOf.get(number);
    if (call !== undefined && callOf.delete(number)) onCallStarts(call);
    const answer = await queue.send(event);
    if (answer.status !== 'accepted') throw new Error(`event ${event.id}: ${JSON.stringify(answer)}`);
  }
}
