import { setTimeout as delay } from 'node:timers/promises';
import { DEFAULT_CHANNEL } from '@callpost/domain';
import {
  type ChannelStatus,
  type RedisConnection,
  readChannelStatus,
  readDeadLetters,
} from '@callpost/queue';
import type { SampleEvent } from './sample-calls.js';
import type { Simulator } from './simulator.js';
import type { Troubles } from './troubles.js';
import { type Evidence, isSettled } from './verdict.js';

export interface EvidenceOptions {
  readonly sent: readonly SampleEvent[];
  readonly troubles: Troubles;
  readonly redis: RedisConnection;
  readonly simulator: Simulator;
  readonly retriedIds: ReadonlySet<string>;
  /** When the first event was sent, Unix ms. */
  readonly sinceMs: number;
}

const LOOK_EVERY_MS = 200;
const WAIT_AT_LEAST_MS = 60_000;
const WAIT_PER_EVENT_MS = 100;

/**
 * What became of the events, as soon as all of them are settled; or after a generous time what is known by then, which
 * the verdict will complain about.
 */
export async function gatherWhenSettled(options: EvidenceOptions, signal: AbortSignal): Promise<Evidence> {
  const deadlineMs = performance.now() + WAIT_AT_LEAST_MS + options.sent.length * WAIT_PER_EVENT_MS;
  for (;;) {
    const isLate = performance.now() > deadlineMs;
    if (isLate || openEvents(await readChannelStatus(options.redis, DEFAULT_CHANNEL)) === 0) {
      const evidence = await gather(options);
      if (isLate || isSettled(evidence)) return evidence;
    }
    await delay(LOOK_EVERY_MS, undefined, { signal });
  }
}

/** Neither delivered nor dead. */
export function openEvents({ counts }: ChannelStatus): number {
  return counts.waiting + counts.in_flight + counts.retrying + counts.parked;
}

async function gather(options: EvidenceOptions): Promise<Evidence> {
  const { sent, troubles, redis, simulator, retriedIds, sinceMs } = options;
  const deadIds = new Set<string>();
  for await (const { eventId } of readDeadLetters(redis, DEFAULT_CHANNEL, { sinceMs })) {
    if (eventId !== null) deadIds.add(eventId);
  }
  const [acceptances, { outOfOrder, badSignatures }] = await Promise.all([
    simulator.acceptances(),
    simulator.summary(),
  ]);
  return { sent, troubles, deadIds, acceptances, retriedIds, outOfOrder, badSignatures };
}
