import { sampleEvent } from '@callpost/testkit';
import { describe, expect, it } from 'vitest';
import { readHome } from '../src/home-reading.js';
import { plain, redis } from './consume-stage.js';

const read = () => readHome(redis.client, 'default');
const key = (suffix: string) => `bull:{voice-default}:${suffix}`;

/** Enqueues events of these times, Unix ms, in this order; `job-<time>` are their ids. */
async function add(timesMs: readonly number[], options: { delay?: number; priority?: number } = {}) {
  for (const timestamp of timesMs) {
    const jobId = `job-${timestamp}`;
    await plain.add('call-event', sampleEvent({ id: jobId }), { jobId, timestamp, ...options });
  }
}

async function mark(timesMs: readonly number[], field: string, value: string) {
  for (const timeMs of timesMs) await redis.client.hset(key(`job-${timeMs}`), field, value);
}

const range = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index);

it('finds nothing in a queue that nobody has used', async () => {
  expect(await read()).toEqual({
    counts: { waiting: 0, in_flight: 0, retrying: 0, parked: 0, dead: 0 },
    oldestWaitingAtMs: null,
    oldestDeadAtMs: null,
    waitingSinceMs: null,
    oldestRetryingAtMs: null,
    oldestParkedAtMs: null,
    nextRetryAtMs: null,
  });
});

describe('of what waits', () => {
  it('tells the one that is taken next, and the next that was never attempted', async () => {
    await add([100, 200, 300, 400]);
    expect(await read()).toMatchObject({ oldestWaitingAtMs: 100, waitingSinceMs: 100 });
    await mark([100, 200], 'atm', '1');
    expect(await read()).toMatchObject({ oldestWaitingAtMs: 100, waitingSinceMs: 300 });
  });

  it('takes live ones before replayed ones', async () => {
    await add([100, 200], { priority: 1 });
    expect(await read()).toMatchObject({ counts: { waiting: 2 }, waitingSinceMs: 100 });
    await add([300]);
    expect(await read()).toMatchObject({ counts: { waiting: 3 }, oldestWaitingAtMs: 300 });
    await mark([300, 100], 'atm', '1');
    expect(await read()).toMatchObject({ oldestWaitingAtMs: 300, waitingSinceMs: 200 });
  });

  it('looks at the next twenty only', async () => {
    await add(range(100, 20));
    await mark(range(100, 19), 'atm', '1');
    expect(await read()).toMatchObject({ waitingSinceMs: 119 });
    await mark([119], 'atm', '2');
    await add([500], { priority: 1 });
    expect(await read()).toMatchObject({ oldestWaitingAtMs: 100, waitingSinceMs: null });
  });

  it('counts the age of a replayed one from its replay, whatever else a producer keeps there', async () => {
    await add([100]);
    await mark([100], 'progress', '{"replayedAtMs":700}');
    expect(await read()).toMatchObject({ oldestWaitingAtMs: 700, waitingSinceMs: 700 });
    await mark([100], 'progress', 'half an {object');
    expect(await read()).toMatchObject({ oldestWaitingAtMs: 100, waitingSinceMs: 100 });
  });

  it('passes over what was removed by hand', async () => {
    await add([100]);
    await redis.client.del(key('job-100'));
    expect(await read()).toMatchObject({ counts: { waiting: 1 }, oldestWaitingAtMs: null });
  });
});

describe('of what is delayed', () => {
  it('tells the oldest of those that are due first and last, and when the first is due', async () => {
    const startedAtMs = Date.now();
    // Due in the order of enqueueing: BullMQ adds the delay to the timestamp.
    await add(range(startedAtMs, 30), { delay: 60_000 });
    const timestamps = async (places: readonly number[], timeMs: string) =>
      mark(
        places.map((place) => startedAtMs + place),
        'timestamp',
        timeMs,
      );
    expect(await read()).toMatchObject({
      counts: { retrying: 30 },
      oldestRetryingAtMs: startedAtMs,
      nextRetryAtMs: startedAtMs + 60_000,
    });
    await timestamps([15], '5');
    expect(await read()).toMatchObject({ oldestRetryingAtMs: startedAtMs });
    await timestamps([29], '20');
    expect(await read()).toMatchObject({ oldestRetryingAtMs: 20 });
    await timestamps([9], '10');
    expect(await read()).toMatchObject({ oldestRetryingAtMs: 10 });
  });

  it('tells parked ones from retries', async () => {
    await add([100, 200, 300], { delay: 1e9 });
    await mark([100, 200], 'name', 'parked');
    await redis.client.set(key('callpost:parked'), 2);
    expect(await read()).toMatchObject({
      counts: { retrying: 1, parked: 2 },
      oldestRetryingAtMs: 300,
      oldestParkedAtMs: 100,
    });
    // One whose hold has just ended is still counted as parked, and is delayed no more.
    await redis.client.set(key('callpost:parked'), 4);
    expect(await read()).toMatchObject({ counts: { retrying: 0, parked: 3 } });
  });
});

it('counts what is in flight and what is dead, and knows when the first of these died', async () => {
  await redis.client.lpush(key('active'), 'job-1', 'job-2', 'job-3');
  await redis.client.zadd(key('failed'), 900, 'job-4', 800, 'job-5');
  expect(await read()).toMatchObject({ counts: { in_flight: 3, dead: 2 }, oldestDeadAtMs: 800 });
});
