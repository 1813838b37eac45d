import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { eventually, sampleEvent, sampleEvents, startRedis, type TestRedis } from '@callpost/testkit';
import { Queue } from 'bullmq';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type CallEventQueue,
  createCallEventQueue,
  EventNotAcknowledgedError,
  type SendTracing,
} from '../src/index.js';

let redis: TestRedis;
let queue: CallEventQueue;

beforeAll(async () => {
  redis = await startRedis();
  queue = createCallEventQueue({ redis: redis.url });
});
afterEach(() => redis.client.flushall());
afterAll(async () => {
  await queue.close();
  await redis.stop();
});

/** In the queue, whether they can go or wait for an earlier event of their call. */
const queued = async () =>
  (await redis.client.llen('bull:{voice-default}:wait')) +
  (await redis.client.zcard('bull:{voice-default}:delayed'));
const job = (id: string) => redis.client.hgetall(`bull:{voice-default}:e.${id}`);

it('keeps the event in Redis as Re:amaze wants it, with the moment of enqueueing', async () => {
  const { created_at: _, ...event } = sampleEvent({ id: 'event-1', custom: { kept: true } });
  const timed = createCallEventQueue({ redis: redis.url, now: () => Date.UTC(2026, 0, 2, 3, 4, 5) });
  expect(await timed.send(event)).toEqual({ status: 'accepted', eventId: 'event-1' });
  const { data, timestamp } = await job('event-1');
  expect(JSON.parse(data ?? '')).toEqual({ ...event, created_at: '2026-01-02T03:04:05+0000' });
  expect(Number(timestamp)).toBe(Date.UTC(2026, 0, 2, 3, 4, 5));
  await timed.close();
});

it.each(['wait', 'failed', 'meta', '42', 'a:b:c', '0:a:b'])(
  'takes the id %s, which BullMQ would drop or refuse',
  async (id) => {
    expect(await queue.send(sampleEvent({ id }))).toMatchObject({ status: 'accepted' });
    expect(await queued()).toBe(1);
  },
);

it('answers duplicate with where the first one is, and changes nothing', async () => {
  await queue.send(sampleEvent({ id: 'twice', body: 'first' }));
  expect(await queue.send(sampleEvent({ id: 'twice', body: 'second' }))).toEqual({
    status: 'duplicate',
    eventId: 'twice',
    first: 'waiting',
  });
  expect(JSON.parse((await job('twice')).data ?? '').body).toBe('first');
  expect(await queued()).toBe(1);
});

const UNWRITABLE: Readonly<Record<string, (id: string) => unknown>> = {
  'a BigInt': (id) => ({ ...sampleEvent({ id }), extra: { durationMs: 12n } }),
  'an object that contains itself': (id) => {
    const extra: Record<string, unknown> = {};
    extra.itself = extra;
    return { ...sampleEvent({ id }), extra };
  },
  'a field that throws when it is read': (id) =>
    Object.defineProperty(sampleEvent({ id, created_at: null }), 'extra', {
      enumerable: true,
      get() {
        throw new Error('not loaded');
      },
    }),
};

describe.each(Object.keys(UNWRITABLE))('an event with %s', (what) => {
  const bad = UNWRITABLE[what]?.('bad');

  it('is invalid by itself, and those that are sent with it are accepted', async () => {
    const [first, second, third] = await Promise.all([
      queue.send(sampleEvent({ id: 'before' })),
      queue.send(bad),
      queue.send(sampleEvent({ id: 'after' })),
    ]);
    expect([first?.status, third?.status]).toEqual(['accepted', 'accepted']);
    expect(second).toMatchObject({
      status: 'invalid',
      eventId: 'bad',
      faults: [{ field: 'extra', found: 'a value that cannot be written as JSON' }],
    });
    const answers = await queue.sendMany([bad, sampleEvent({ id: 'of many' })]);
    expect(answers.map(({ status }) => status)).toEqual(['invalid', 'accepted']);
  });
});

it('keeps nothing of what it has sent', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const producer = createCallEventQueue({ redis: redis.url, chunkSize: 1 });
  let sent = 0;
  const usedAfter = async (chunks: number) => {
    for (let batch = 0; batch < chunks; batch += 500) {
      await producer.sendMany(Array.from({ length: 500 }, () => ({})));
      sent += 500;
      await eventually(async () => {
        const counted = await redis.client.hget('bull:{voice-default}:callpost:enqueue-counts', 'invalid');
        expect(Number(counted)).toBe(sent);
      });
    }
    collect();
    return process.memoryUsage().heapUsed;
  };
  await usedAfter(5_000);
  const before = await usedAfter(5_000);
  expect((await usedAfter(40_000)) - before).toBeLessThan(1_000_000);
  await producer.close();
});

it('answers invalid with the fields, and enqueues nothing', async () => {
  const answer = await queue.send({ id: 'bad', to: { phone: '1' }, body: 'x' });
  expect(answer).toMatchObject({ status: 'invalid', eventId: 'bad' });
  expect(answer.status === 'invalid' && answer.faults.map(({ field }) => field)).toEqual(['from']);
  expect(await queued()).toBe(0);
});

it('answers sendMany in order, over several chunks', async () => {
  const chunked = createCallEventQueue({ redis: redis.url, chunkSize: 3 });
  const events = sampleEvents(7);
  const answers = await chunked.sendMany([
    events[0],
    ...events.slice(0, 4),
    { id: 'bad' },
    ...events.slice(4),
  ]);
  expect(answers.map(({ status, eventId }) => `${eventId} ${status}`)).toEqual([
    'event-0 accepted',
    'event-0 duplicate',
    'event-1 accepted',
    'event-2 accepted',
    'event-3 accepted',
    'bad invalid',
    'event-4 accepted',
    'event-5 accepted',
    'event-6 accepted',
  ]);
  expect(await queued()).toBe(7);
  await chunked.close();
});

it('opens once for a hundred sends at a time', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error) => warnings.push(warning);
  process.on('warning', note);
  const fresh = createCallEventQueue({ redis: redis.url });
  const answers = await Promise.all(sampleEvents(100).map((event) => fresh.send(event)));
  expect(answers.every(({ status }) => status === 'accepted')).toBe(true);
  await fresh.close();
  await new Promise(setImmediate);
  process.off('warning', note);
  expect(warnings.map(({ name }) => name)).toEqual([]);
});

it('keeps each channel in a queue of its own', async () => {
  const sales = createCallEventQueue({ redis: redis.url, channel: 'sales' });
  await sales.send(sampleEvent({ id: 'event-1' }));
  expect(await redis.client.llen('bull:{voice-sales}:wait')).toBe(1);
  expect(await queue.send(sampleEvent({ id: 'event-1' }))).toMatchObject({ status: 'accepted' });
  await sales.close();
});

it('survives SCRIPT FLUSH, after which BullMQ inside a MULTI would fail for ever', async () => {
  await queue.send(sampleEvent({ id: 'before' }));
  await redis.client.script('FLUSH');
  expect(await queue.send(sampleEvent({ id: 'after' }))).toMatchObject({ status: 'accepted' });
  expect(await queued()).toBe(2);
});

it('does not shrink or trim what a plain BullMQ client sees', async () => {
  await queue.send(sampleEvent({ id: 'event-1' }));
  const plain = new Queue('{voice-default}', { connection: redis.connect() });
  expect(await plain.getJobCounts()).toMatchObject({ waiting: 1, failed: 0, delayed: 0 });
  await plain.close();
});

it('fails at once and clearly while Redis is away, and goes on afterwards', async () => {
  await queue.send(sampleEvent({ id: 'before' }));
  await redis.crash();
  const events = sampleEvents(5, 'meanwhile');
  const error: unknown = await queue.sendMany(events).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(EventNotAcknowledgedError);
  expect((error as Error).message).toMatch(
    /The event was not acknowledged; send it again, its id de-duplicates\.$/,
  );
  expect((error as EventNotAcknowledgedError).answers).toEqual([]);
  await redis.restart();
  expect(await queued()).toBe(1);
  await expect
    .poll(
      () =>
        queue.sendMany(events).then(
          (answers) => answers.length,
          () => 0,
        ),
      { timeout: 5_000 },
    )
    .toBe(5);
  expect(await queued()).toBe(6);
});

it('says what is wrong when Redis was never there', async () => {
  const nowhere = createCallEventQueue({ redis: 'redis://127.0.0.1:1' });
  await expect(nowhere.send(sampleEvent({ id: 'e' }))).rejects.toThrow(
    /^Redis is not available: .*ECONNREFUSED.*\. The event was not acknowledged/,
  );
  await nowhere.close();
});

it('does not wait for sentinels none of which is there, and says so', async () => {
  const lost = createCallEventQueue({ redis: 'redis+sentinel://127.0.0.1:1,127.0.0.1:2/calls' });
  await expect(lost.send(sampleEvent({ id: 'event-1' }))).rejects.toThrow(
    /no sentinel answers: .*ECONNREFUSED/,
  );
  await lost.close();
});

async function fillMemory(): Promise<void> {
  const used = Number(/used_memory:(\d+)/.exec(await redis.client.info('memory'))?.[1]);
  await redis.client.config('SET', 'maxmemory', String(used - 100_000));
}

it('takes a chunk whole or not at all when Redis is out of memory', async () => {
  await fillMemory();
  await expect(queue.sendMany(sampleEvents(50))).rejects.toThrow(/OOM/);
  await redis.client.config('SET', 'maxmemory', '0');
  expect(await queued()).toBe(0);
  expect((await queue.sendMany(sampleEvents(50))).every(({ status }) => status === 'accepted')).toBe(true);
  expect(await queued()).toBe(50);
});

it('ends the trace of each event that it began, also of those that it read and then did not send', async () => {
  const ended: string[] = [];
  const tracing: SendTracing = {
    send: ({ eventId }) => ({ carrier: '{}', end: (answer) => void ended.push(`${eventId} ${answer}`) }),
  };
  const traced = createCallEventQueue({ redis: redis.url, chunkSize: 2, tracing });
  const events = ['a', 'b', 'c', 'd', 'e'].map((id) => sampleEvent({ id }));
  await traced.sendMany(events);
  expect(ended).toEqual(['a accepted', 'b accepted', 'c accepted', 'd accepted', 'e accepted']);
  ended.length = 0;
  await redis.client.flushall();
  await fillMemory();
  await expect(traced.sendMany(events)).rejects.toThrow(/OOM/);
  await redis.client.config('SET', 'maxmemory', '0');
  expect(ended).toEqual(['a', 'b', 'c', 'd'].map((id) => `${id} not_acknowledged`));
  expect(await queued()).toBe(0);
  await traced.close();
});
