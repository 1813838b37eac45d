import type { AttemptRecord } from '@callpost/domain';
import type { TestRedis } from '@callpost/testkit';
import { createHomeConsumer, type HomeConsumer } from '../src/consume/home-consumer.js';
import {
  type ChannelBrake,
  type ChannelConsumer,
  type ChannelConsumerOptions,
  type ConsumerObserver,
  createChannelConsumer,
  type Deliver,
  type Settlement,
  type TakenEvent,
} from '../src/index.js';
import type { Home } from '../src/shards/layout.js';

export interface TestConsumerOptions {
  readonly deliver: Deliver;
  readonly shards?: number;
  readonly concurrency?: number;
  readonly dedupWindowMs?: number;
  readonly maxPerSecond?: number;
  readonly lockDurationMs?: number;
  readonly laneMaxHoldMs?: number;
  readonly stoppedMsSince?: (sinceMs: number) => number;
  readonly brake?: ChannelBrake;
  readonly now?: () => number;
  readonly observer?: Partial<ConsumerObserver>;
}

/** A started consumer of the channel `default`, with a connection of its own. */
export function startTestConsumer(redis: TestRedis, options: TestConsumerOptions): ChannelConsumer {
  const consumer = createChannelConsumer(consumerOptions(redis, options));
  consumer.start();
  return consumer;
}

/** The same of one of its homes, whatever its layout. */
export function startHomeConsumer(redis: TestRedis, home: Home, options: TestConsumerOptions): HomeConsumer {
  const share = { concurrency: 10, limiter: null };
  const consumer = createHomeConsumer({ ...consumerOptions(redis, options), home, gate: null, share });
  consumer.start();
  return consumer;
}

function consumerOptions(redis: TestRedis, options: TestConsumerOptions): ChannelConsumerOptions {
  return {
    channel: 'default',
    redis: redis.connect(),
    shards: 1,
    concurrency: 10,
    maxPerSecond: null,
    lockDurationMs: 60_000,
    dedupWindowMs: 60_000,
    laneMaxHoldMs: 900_000,
    stoppedMsSince: () => 0,
    now: Date.now,
    ...options,
    observer: {
      onStalledToDeath: () => undefined,
      onLayout: () => undefined,
      onStalled: () => undefined,
      onError: () => undefined,
      onDefect: () => undefined,
      ...options.observer,
    },
  };
}

export const DELIVERED: Settlement = { outcome: 'delivered' };

/** A refusal with 422, unless said otherwise. */
export function dead(taken: TakenEvent, more: Partial<AttemptRecord> = {}): Settlement {
  return {
    outcome: 'dead',
    record: record(taken, {
      outcome: 'dead',
      reason: 'http_422',
      status: 422,
      excerpt: 'phone is invalid',
      ...more,
    }),
  };
}

/** A 503, to be tried again at once. */
export function retryNow(taken: TakenEvent): Settlement {
  return { outcome: 'retry', retryAtMs: Date.now(), record: record(taken, {}) };
}

export function record(taken: TakenEvent, more: Partial<AttemptRecord>): AttemptRecord {
  return {
    attempt: taken.attempt,
    atMs: 1_700_000_000_000 + taken.attempt,
    durationMs: 5,
    worker: 'test:1',
    outcome: 'retry',
    reason: 'http_5xx',
    status: 503,
    ...more,
  };
}
