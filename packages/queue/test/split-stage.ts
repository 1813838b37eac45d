import {
  type PlantedLetter,
  sampleEvent,
  startRedis,
  type TestRedis,
  writeDeadLetters,
} from '@callpost/testkit';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { readMarks } from '../src/event-marks.js';
import { openEventQueue } from '../src/event-queue.js';
import type { ChannelConsumer, RedisConnection, Settlement, TakenEvent } from '../src/index.js';
import { json } from '../src/letters/dead-letter.js';
import { CHANNELS_KEY, queueKey } from '../src/names.js';
import { writeResult } from '../src/replay/run-results.js';
import { enqueueAll } from '../src/send/enqueue.js';
import { createOrderStamp } from '../src/send/order-stamp.js';
import { type Home, homeOfCall, type Layout, layoutKey } from '../src/shards/layout.js';
import { startTestConsumer } from './test-consumer.js';

/* What the tests of divided channels share: one Redis for a file, layouts, events at a home, and consumers of a home. */

export const CHANNEL = 'default';

export let redis: TestRedis;
const running: { stop(graceMs: number): Promise<unknown> }[] = [];
const stamp = createOrderStamp(Date.now);

beforeAll(async () => {
  redis = await startRedis();
});
afterEach(async () => {
  await stopAll();
  await redis.client.flushall();
});
afterAll(() => redis.stop());

export async function stopAll(): Promise<void> {
  await Promise.all(running.splice(0).map((one) => one.stop(0)));
}

export function runs<T extends { stop(graceMs: number): Promise<unknown> }>(one: T): T {
  running.push(one);
  return one;
}

export async function divide(shards: number, former: readonly number[] = []): Promise<Layout> {
  const layout: Layout = { generation: Date.now(), shards, former };
  await redis.client.set(layoutKey(CHANNEL), JSON.stringify(layout));
  await redis.client.sadd(CHANNELS_KEY, CHANNEL);
  return layout;
}

/** An event of a call, at a home that need not be the call's; its job id. */
export async function addAt(home: Home, id: string, call: string, timestamp = stamp()): Promise<string> {
  const queue = openEventQueue(redis.client, home);
  const event = sampleEvent({ id, thread_id: call });
  await enqueueAll(queue, redis.client, [{ event, timestamp }]);
  await queue.close();
  return `e.${id}`;
}

/** The home of a call that is one of so many shards. */
export const homeOf = (shards: number, call: string): Home => homeOfCall(CHANNEL, shards, `thread:${call}`);

/** A dead letter at a home that need not be its call's. */
export function deadAt(home: Home, id: string, more: Partial<PlantedLetter> & { call?: string } = {}) {
  const { call = `call-of-${id}`, ...parts } = more;
  const event = sampleEvent({ id, thread_id: call });
  const letter = { event, reason: 'http_422', status: 422, excerpt: 'refused', atMs: 1_700_000_000_000 };
  return writeDeadLetters(redis.client, [{ ...letter, ...parts }], home);
}

export const idOf = ({ data }: TakenEvent) => (data as { id: string }).id;

/** Takes what is at one home; a run, if there is one, hears of it where it is kept. */
export function consumeAt(home: Home, decide: (taken: TakenEvent) => Settlement): ChannelConsumer {
  async function deliver(taken: TakenEvent): Promise<Settlement> {
    const settlement = decide(taken);
    const { outcome } = settlement;
    const { runId } = readMarks(json(await redis.client.hget(queueKey(home, taken.jobId), 'progress')));
    if (runId !== undefined && (outcome === 'delivered' || outcome === 'dead')) {
      const result = outcome === 'dead' ? 'dead_again' : outcome;
      await writeResult(redis.client, { channel: CHANNEL, runId, jobId: taken.jobId, result });
    }
    return settlement;
  }
  return runs(startTestConsumer(redis, { channel: home, deliver }));
}

/** A connection by which somebody dies before the command with this number. */
export function dyingAt(command: number): RedisConnection {
  let count = 0;
  return hooked(() => {
    count += 1;
    if (count >= command) throw new Error('died');
  });
}

/** Calls `before` with each command. */
export function hooked(before: (name: string, args: unknown[]) => unknown): RedisConnection {
  return new Proxy(redis.client, {
    get(client, name) {
      const command = Reflect.get(client, name);
      if (typeof command !== 'function') return command;
      return (...args: unknown[]) => {
        const waiting = before(String(name), args);
        return waiting instanceof Promise
          ? waiting.then(() => command.apply(client, args))
          : command.apply(client, args);
      };
    },
  });
}
