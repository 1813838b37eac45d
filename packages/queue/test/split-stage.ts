import {
  type PlantedLetter,
  sampleEvent,
  startRedis,
  type TestRedis,
  writeDeadLetters,
} from '@callpost/testkit';
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { HomeConsumer } from '../src/consume/home-consumer.js';
import { openEventQueue } from '../src/event-queue.js';
import type { RedisConnection, Settlement, TakenEvent } from '../src/index.js';
import { CHANNELS_KEY } from '../src/names.js';
import { enqueueAll } from '../src/send/enqueue.js';
import { createOrderStamp } from '../src/send/order-stamp.js';
import { type Home, homeOfCall, type Layout, layoutKey, readLayout } from '../src/shards/layout.js';
import { startHomeConsumer } from './test-consumer.js';

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
  const { generation } = await readLayout(redis.client, CHANNEL);
  const one = { id, data: JSON.stringify(event), call: `thread:${call}`, timestamp };
  await enqueueAll(queue, redis.client, { generation, mayOpen: true }, [one]);
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

/** Takes what is at one home. */
export function consumeAt(home: Home, decide: (taken: TakenEvent) => Settlement): HomeConsumer {
  return runs(startHomeConsumer(redis, home, { deliver: async (taken) => decide(taken) }));
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
