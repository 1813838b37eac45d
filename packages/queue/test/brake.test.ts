import { eventually, sampleEvents } from '@callpost/testkit';
import { expect, it } from 'vitest';
import {
  type ChannelBrake,
  createCallEventQueue,
  createChannelBrake,
  type Settlement,
} from '../src/index.js';
import { consumers, counts, redis } from './consume-stage.js';
import { DELIVERED, record, startTestConsumer } from './test-consumer.js';

/* Two workers' brakes on one channel, with BullMQ between them and a real Redis under them. */

const changes: string[] = [];

function openBrake(concurrency = 10): ChannelBrake {
  return createChannelBrake({
    channel: 'default',
    redis: redis.connect(),
    concurrency,
    tuning: { cooldownMs: 300, maxCooldownMs: 1_000, holdThreshold: 5, probeMs: 5_000 },
    observer: {
      onChange: ({ state }, from) => changes.push(`${from} > ${state}`),
      onPause: () => undefined,
      onError: () => undefined,
    },
    now: Date.now,
    random: Math.random,
  });
}

type Answer = 'ok' | 'failed' | 'refused';

/** A consumer that posts to an endpoint of the test's, as the worker does. */
function consume(answer: () => Answer, inFlight: { now: number; most: number; posts: number }) {
  const brake = openBrake();
  const consumer = startTestConsumer(redis, {
    brake,
    async deliver(taken): Promise<Settlement> {
      const admitted = await brake.admit();
      if (admitted === null)
        return { outcome: 'interrupted', reason: 'channel_braked', mayHaveArrived: false };
      inFlight.now += 1;
      inFlight.posts += 1;
      inFlight.most = Math.max(inFlight.most, inFlight.now);
      await new Promise((resolve) => setTimeout(resolve, 5));
      inFlight.now -= 1;
      const kind = answer();
      if (kind === 'refused') {
        const { isHeldBack } = await admitted.end({ kind, status: 401 });
        return isHeldBack
          ? { outcome: 'interrupted', reason: 'channel_held', mayHaveArrived: false }
          : { outcome: 'dead', record: record(taken, { outcome: 'dead', reason: 'http_401', status: 401 }) };
      }
      await admitted.end(kind === 'ok' ? { kind } : { kind, waitMs: null });
      return kind === 'ok'
        ? DELIVERED
        : { outcome: 'retry', retryAtMs: Date.now() + 50, record: record(taken, {}) };
    },
  });
  consumers.push(consumer);
  return brake;
}

async function enqueue(count: number): Promise<void> {
  const queue = createCallEventQueue({ redis: redis.url });
  await queue.sendMany(sampleEvents(count).map((event, index) => ({ ...event, thread_id: `call-${index}` })));
  await queue.close();
}

const EMPTY = { waiting: 0, in_flight: 0, retrying: 0, parked: 0 };

it('an outage costs the fleet few attempts; one event at a time is tried, and the rest follows when it goes well', async () => {
  changes.length = 0;
  const seen = { now: 0, most: 0, posts: 0 };
  let answer: Answer = 'failed';
  const brakes = [consume(() => answer, seen), consume(() => answer, seen)];
  await enqueue(300);
  await eventually(() => seen.now === 0 && brakes.every((brake) => brake.state().state === 'braked'));
  // What was under way when it was noticed, and what was taken until the other one had heard.
  expect(seen.posts).toBeLessThan(100);
  seen.most = 0;
  const { posts } = seen;
  await eventually(() => seen.posts >= posts + 3);
  expect(seen.most).toBe(1);
  answer = 'ok';
  await eventually(async () => expect(await counts()).toMatchObject({ ...EMPTY, dead: 0 }));
  expect(changes.slice(0, 2)).toEqual(['flowing > braked', 'braked > recovering']);
  const stoppedMs = brakes[0]?.brakedMsSince(Date.now() - 60_000) ?? 0;
  expect(stoppedMs).toBeGreaterThan(500);
  expect(brakes[1]?.brakedMsSince(Date.now())).toBe(0);
});

it('a refused channel costs as many letters as it takes to see it; a new secret is tried at once', async () => {
  const seen = { now: 0, most: 0, posts: 0 };
  let answer: Answer = 'refused';
  const [brake] = [consume(() => answer, seen), consume(() => answer, seen)];
  await enqueue(300);
  await eventually(async () => expect((await counts()).dead).toBe(5));
  const { posts } = seen;
  await eventually(() => seen.posts >= posts + 2);
  expect(await counts()).toMatchObject({ dead: 5 });
  answer = 'ok';
  brake?.probeNow();
  await eventually(async () => expect(await counts()).toMatchObject({ ...EMPTY, dead: 5 }));
});

it('a channel that flows and is idle costs Redis nothing', async () => {
  const seen = { now: 0, most: 0, posts: 0 };
  await redis.client.config('RESETSTAT');
  consume(() => 'ok', seen);
  await enqueue(20);
  await eventually(async () => expect(await counts()).toMatchObject(EMPTY));
  const brakeCalls = async () =>
    Number(/cmdstat_zremrangebyscore:calls=(\d+)/.exec(await redis.client.info('commandstats'))?.[1] ?? 0);
  // Until the last report is in, twice the same.
  let calls = -1;
  await eventually(async () => {
    const before = calls;
    calls = await brakeCalls();
    await new Promise((resolve) => setTimeout(resolve, 300));
    return calls === before;
  });
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(await brakeCalls()).toBe(calls);
  expect(calls).toBeLessThan(15);
});
