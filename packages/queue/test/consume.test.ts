import { eventually, sampleEvent, sampleEvents } from '@callpost/testkit';
import type { JobsOptions } from 'bullmq';
import { describe, expect, it } from 'vitest';
import { findDeadLetter, type Settlement, type TakenEvent } from '../src/index.js';
import { consume, counts, letters, plain, redis } from './consume-stage.js';
import { DELIVERED, dead, retryNow, startHomeConsumer } from './test-consumer.js';

describe('a plain BullMQ producer, whatever it sets', () => {
  const OPTIONS: ReadonlyArray<readonly [string, JobsOptions]> = [
    ['nothing', {}],
    ['removeOnFail: true', { removeOnFail: true }],
    ['removeOnFail by count, which would trim the whole failed set', { removeOnFail: { count: 1 } }],
    ['removeOnFail by age', { removeOnFail: { age: 0 } }],
    ['one attempt and a backoff BullMQ knows', { attempts: 1, backoff: { type: 'fixed', delay: 100_000 } }],
    ['a backoff nobody knows', { attempts: 5, backoff: { type: 'own' } }],
    ['removeOnComplete: false', { removeOnComplete: false }],
  ];

  it.each(OPTIONS)('%s', async (_, options) => {
    await plain.addBulk(sampleEvents(6).map((data) => ({ name: 'call-event', data, opts: options })));
    const attempts = new Map<string, number>();
    consume(async (taken) => {
      const { id } = taken.data as { id: string };
      attempts.set(id, taken.attempt);
      if (taken.attempt < 3) return retryNow(taken);
      return id < 'event-3' ? dead(taken) : DELIVERED;
    });
    await eventually(async () => {
      expect(await counts()).toEqual({ waiting: 0, in_flight: 0, retrying: 0, parked: 0, dead: 3 });
    });
    expect([...attempts.values()]).toEqual([3, 3, 3, 3, 3, 3]);
    expect(await plain.getCompletedCount()).toBe(0);
  });
});

it('a dead letter carries its evidence, found by event id and by job id', async () => {
  await plain.add('call-event', sampleEvent({ id: 'event-1' }));
  consume(async (taken) => (taken.attempt < 3 ? retryNow(taken) : dead(taken)));
  const letter = await eventually(
    async () => (await findDeadLetter(redis.client, 'default', 'event-1')) ?? false,
  );
  expect(letter).toMatchObject({
    jobId: '1',
    eventId: 'event-1',
    reason: 'http_422',
    possiblyDelivered: false,
    replays: 0,
    event: { id: 'event-1' },
  });
  expect(letter.attempts.map(({ attempt, outcome, status }) => [attempt, outcome, status])).toEqual([
    [1, 'retry', 503],
    [2, 'retry', 503],
    [3, 'dead', 422],
  ]);
  expect(await findDeadLetter(redis.client, 'default', '1')).toEqual(letter);
  expect((await plain.getJob('1'))?.failedReason).toBe('http_422: HTTP 422 phone is invalid');
});

it('an event remembers its newest 50 attempts', async () => {
  await plain.add('call-event', sampleEvent({ id: 'event-1' }));
  consume(async (taken) => (taken.attempt < 60 ? retryNow(taken) : dead(taken)));
  const letter = await eventually(
    async () => (await findDeadLetter(redis.client, 'default', 'event-1')) ?? false,
  );
  expect(letter.attempts.map(({ attempt }) => attempt)).toEqual(
    Array.from({ length: 50 }, (_, index) => index + 11),
  );
});

it('data that is not JSON becomes a letter of its own and hides no other', async () => {
  await plain.add('call-event', sampleEvent({ id: 'broken' }), { jobId: 'broken' });
  await redis.client.hset('bull:{voice-default}:broken', 'data', '{oops');
  await plain.add('call-event', sampleEvent({ id: 'fine' }));
  const seen: unknown[] = [];
  consume(async (taken) => {
    seen.push(taken.data);
    return dead(taken);
  });
  await eventually(async () => expect((await counts()).dead).toBe(2));
  expect(seen).toContain(null);
  expect((await letters()).map(({ eventId }) => eventId).sort()).toEqual(['fine', null]);
  expect(await redis.client.hget('bull:{voice-default}:broken', 'data')).toBe('{oops');
});

it('a delivery that throws costs an attempt, never the event', async () => {
  await plain.add('call-event', sampleEvent({ id: 'event-1' }), { removeOnFail: true });
  const defects: Error[] = [];
  consume(() => Promise.reject(new Error('a defect')), {
    observer: { onDefect: (error) => defects.push(error) },
  });
  await eventually(async () => expect(await counts()).toMatchObject({ retrying: 1, dead: 0 }));
  await eventually(() => expect(defects.map(({ message }) => message)).toEqual(['a defect']));
});

it('an event whose workers always die becomes a letter, for whatever the producer set', async () => {
  await plain.add('call-event', sampleEvent({ id: 'killer' }), { removeOnFail: true });
  await redis.client.hset(
    'bull:{voice-default}:1',
    'stc',
    '26',
    'defa',
    'job stalled more than allowable limit',
  );
  const stalledToDeath: TakenEvent[] = [];
  consume(async () => DELIVERED, { observer: { onStalledToDeath: (taken) => stalledToDeath.push(taken) } });
  await eventually(async () => expect((await counts()).dead).toBe(1));
  expect(stalledToDeath.map(({ data }) => (data as { id: string }).id)).toEqual(['killer']);
  expect((await letters())[0]).toMatchObject({
    eventId: 'killer',
    reason: 'stalled',
    possiblyDelivered: true,
  });
});

it('takes more at a time when it is let, though there is always another to take', async () => {
  await plain.addBulk(sampleEvents(50).map((data) => ({ name: 'call-event', data })));
  const underWay: ((settlement: Settlement) => void)[] = [];
  const consumer = startHomeConsumer(redis, 'default', {
    deliver: () => new Promise((resolve) => underWay.push(resolve)),
  });
  try {
    consumer.use({ concurrency: 1, limiter: null });
    await eventually(() => underWay.length === 1);
    underWay.pop()?.(DELIVERED);
    await eventually(() => underWay.length === 1);
    consumer.use({ concurrency: 5, limiter: null });
    underWay.pop()?.(DELIVERED);
    await eventually(() => underWay.length === 5);
  } finally {
    await consumer.stop(0);
  }
});
