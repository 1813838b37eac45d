import { eventually, sampleEvent, startRedis, type TestRedis } from '@callpost/testkit';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import {
  type ChannelConsumer,
  connectRedis,
  createCallEventQueue,
  createRunCarrier,
  moveRun,
  type PlanOptions,
  planRun,
  type ReplayRun,
  type RunCarrier,
  type RunMove,
  readChannelStatus,
  readResults,
  readRun,
  reportOf,
  type Settlement,
  type TakenEvent,
} from '../src/index.js';
import { dead, startTestConsumer } from './test-consumer.js';

/* What the tests of replay runs share: one Redis for a file, letters, and whoever carries runs out. */

export const CHANNEL = 'default';

export let redis: TestRedis;
const running: (ChannelConsumer | RunCarrier)[] = [];
let ids = 0;

beforeAll(async () => {
  redis = await startRedis();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop(0)));
  await redis.client.flushall();
});
afterAll(() => redis.stop());

export const eventOf = ({ data }: TakenEvent) =>
  data as { id: string; thread_id: string; assignee?: { email: string } };

export function consume(decide: (taken: TakenEvent) => Settlement) {
  const consumer = startTestConsumer(redis, { deliver: async (taken) => decide(taken), concurrency: 20 });
  running.push(consumer);
  return consumer;
}

export function carry(workerName = 'worker-1') {
  const ended: string[] = [];
  const carrier = createRunCarrier({
    channel: CHANNEL,
    redis: connectRedis(redis.url, 'tool'),
    workerName,
    now: Date.now,
    onRunEnded: ({ state }) => ended.push(state),
    onError: (error) => ended.push(String(error)),
    leaseMs: 300,
  });
  carrier.start();
  running.push(carrier);
  return { carrier, ended };
}

export const counts = async () => (await readChannelStatus(redis.client, CHANNEL)).counts;

/** `count` dead letters, `perCall` events to a call, in the order of their ids. */
export async function makeLetters(count: number, perCall = 4): Promise<void> {
  const queue = createCallEventQueue({ redis: redis.url });
  const consumer = consume((taken) => dead(taken));
  const events = Array.from({ length: count }, (_, index) =>
    sampleEvent({
      id: `e${String(index).padStart(4, '0')}`,
      thread_id: `call-${Math.floor(index / perCall)}`,
    }),
  );
  await queue.sendMany(events);
  await eventually(async () => expect((await counts()).dead).toBe(count));
  await consumer.stop(0);
  running.splice(running.indexOf(consumer), 1);
  await queue.close();
}

export async function plan(options: Partial<PlanOptions> = {}): Promise<ReplayRun> {
  ids += 1;
  const answer = await planRun(redis.client, {
    channel: CHANNEL,
    filter: {},
    who: 'sre',
    maxPerSecond: 10_000,
    now: Date.now,
    newId: () => `run-${ids}`,
    ...options,
  });
  if (answer.status !== 'planned') throw new Error(answer.status);
  return answer.run;
}

export const BY = { who: 'ops', via: 'test', comment: null };

export const move = (run: ReplayRun, to: RunMove) =>
  moveRun(redis.client, { channel: CHANNEL, runId: run.id, move: to, by: BY, nowMs: Date.now() });
export const report = async (run: ReplayRun) =>
  reportOf(run.count, await readResults(redis.client, CHANNEL, run.id));
const stateOf = async (run: ReplayRun) => (await readRun(redis.client, CHANNEL, run.id))?.state;
export const inState = (run: ReplayRun, state: string) =>
  eventually(async () => expect(await stateOf(run)).toBe(state));

/** Delivers everything, and tells what was delivered in which order. */
export function deliverAll() {
  const delivered: { id: string; call: string; taken: TakenEvent }[] = [];
  consume((taken) => {
    const { id, thread_id: call } = eventOf(taken);
    delivered.push({ id, call, taken });
    return { outcome: 'delivered' };
  });
  return delivered;
}
