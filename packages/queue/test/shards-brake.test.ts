import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@callpost/testkit';
import { expect, it } from 'vitest';
import {
  type ChannelBrake,
  createChannelBrake,
  pauseChannel,
  resumeChannel,
  type Settlement,
} from '../src/index.js';
import { changeLayout } from '../src/shards/change-layout.js';
import { homeOfCall } from '../src/shards/layout.js';
import { consumers, redis } from './consume-stage.js';
import { closeProducers, countsByHome, eventOf, openCount, openProducer } from './shards-stage.js';
import { DELIVERED, record, startTestConsumer } from './test-consumer.js';

/* One brake over the four queues of a channel, in two workers. */

const SHARDS = 4;

function endpoint() {
  return { answer: 'ok' as 'ok' | 'failed' | 'refused', now: 0, most: 0, posts: 0, latencyMs: 5 };
}

function startWorker(seen: ReturnType<typeof endpoint>, concurrency = 10): ChannelBrake {
  const brake = createChannelBrake({
    channel: 'default',
    redis: redis.connect(),
    concurrency,
    tuning: { cooldownMs: 200, maxCooldownMs: 400, holdThreshold: 5, probeMs: 5_000 },
    observer: { onChange: () => undefined, onPause: () => undefined, onError: () => undefined },
    now: Date.now,
    random: Math.random,
  });
  const consumer = startTestConsumer(redis, {
    brake,
    shards: SHARDS,
    concurrency,
    async deliver(taken): Promise<Settlement> {
      const admitted = await brake.admit();
      if (admitted === null) {
        return { outcome: 'interrupted', reason: 'channel_braked', mayHaveArrived: false };
      }
      seen.now += 1;
      seen.posts += 1;
      seen.most = Math.max(seen.most, seen.now);
      await sleep(seen.latencyMs);
      seen.now -= 1;
      if (seen.answer === 'ok') {
        await admitted.end({ kind: 'ok' });
        return DELIVERED;
      }
      if (seen.answer === 'refused') {
        const { isHeldBack } = await admitted.end({ kind: 'refused', status: 401 });
        if (isHeldBack) return { outcome: 'interrupted', reason: 'channel_held', mayHaveArrived: false };
        return {
          outcome: 'dead',
          record: record(taken, { outcome: 'dead', reason: 'http_401', status: 401 }),
        };
      }
      await admitted.end({ kind: 'failed', waitMs: null });
      return { outcome: 'retry', retryAtMs: Date.now() + 50, record: record(taken, {}) };
    },
  });
  consumers.push(consumer);
  return brake;
}

/** One event of each call, of those whose home is among these. */
async function enqueue(count: number, isWanted = (_home: string) => true): Promise<void> {
  await changeLayout(redis.client, 'default', SHARDS, { nowMs: Date.now() });
  const queue = await openProducer();
  const events = Array.from({ length: 20 * count }, (_, index) => eventOf(`call-${index}`, 0)).filter(
    ({ thread_id }) => isWanted(homeOfCall('default', SHARDS, `thread:${thread_id}`)),
  );
  await queue.sendMany(events.slice(0, count));
  await closeProducers();
}

const isStopped = (brakes: readonly ChannelBrake[], state: string) =>
  brakes.every((brake) => brake.state().state === state);

it('an outage: one event of all queues at a time is tried, and all of them follow when it goes well', async () => {
  const seen = { ...endpoint(), answer: 'failed' as 'ok' | 'failed' };
  const brakes = [startWorker(seen), startWorker(seen)];
  await enqueue(300);
  await eventually(() => seen.now === 0 && isStopped(brakes, 'braked'));
  seen.most = 0;
  const { posts } = seen;
  seen.latencyMs = 100;
  await eventually(() => seen.posts >= posts + 4);
  expect(seen.most).toBe(1);
  seen.latencyMs = 5;
  seen.answer = 'ok';
  await eventually(async () => expect(await openCount()).toBe(0));
});

it('a channel that is held is tried with the one event there is, in whichever queue', async () => {
  const seen = { ...endpoint(), answer: 'refused' as 'ok' | 'refused' };
  const brakes = [startWorker(seen), startWorker(seen)];
  await enqueue(5);
  await eventually(() => isStopped(brakes, 'held'));
  await eventually(async () => expect(await openCount()).toBeLessThanOrEqual(1));
  for (const home of ['default.0', 'default.3']) {
    const { posts } = seen;
    await enqueue(1, (one) => one === home);
    expect((await countsByHome()).get(home)).toBeDefined();
    await eventually(() => seen.posts > posts);
  }
  expect(seen.most).toBeLessThanOrEqual(6);
  seen.answer = 'ok';
  await eventually(async () => expect(await openCount()).toBe(0));
});

it('with fewer places than queues every queue has its turn, and no more are in flight', async () => {
  const seen = { ...endpoint(), latencyMs: 2 };
  await enqueue(600);
  const before = await countsByHome();
  startWorker(seen, 2);
  await eventually(() => seen.posts >= 400);
  expect(seen.most).toBeLessThanOrEqual(2);
  const after = await countsByHome();
  for (const home of ['default.0', 'default.1', 'default.2', 'default.3']) {
    expect(after.get(home)?.waiting, home).toBeLessThan((before.get(home)?.waiting ?? 0) - 60);
  }
  await eventually(async () => expect(await openCount()).toBe(0));
  expect(seen.most).toBeLessThanOrEqual(2);
});

it('a person pauses and resumes all queues', async () => {
  const seen = endpoint();
  const brake = startWorker(seen);
  const by = { channel: 'default', who: 'jane', via: 'test', reason: null, nowMs: Date.now() };
  await pauseChannel(redis.client, by);
  await enqueue(40);
  await eventually(() => brake.state().pause !== null);
  expect(await openCount()).toBeGreaterThanOrEqual(40);
  expect(seen.posts).toBe(0);
  await resumeChannel(redis.client, by);
  await eventually(async () => expect(await openCount()).toBe(0));
});
