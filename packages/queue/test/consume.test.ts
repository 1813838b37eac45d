import type { AttemptRecord } from '@callpost/domain';
import { eventually, sampleEvent, sampleEvents, startRedis, type TestRedis } from '@callpost/testkit';
import { type JobsOptions, Queue } from 'bullmq';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type ChannelConsumer,
  createCallEventQueue,
  createChannelConsumer,
  createReplayer,
  type DeadLetter,
  type DeadLetterFilter,
  type Deliver,
  findDeadLetter,
  readChannelStatus,
  readDeadLetters,
  type Settlement,
  type TakenEvent,
} from '../src/index.js';

let redis: TestRedis;
let plain: Queue;
const consumers: ChannelConsumer[] = [];
const stalledToDeath: TakenEvent[] = [];
const errors: Error[] = [];

beforeAll(async () => {
  redis = await startRedis();
});
beforeEach(() => {
  plain = new Queue('{voice-default}', { connection: redis.connect() });
});
afterEach(async () => {
  await Promise.all(consumers.splice(0).map((consumer) => consumer.stop(0)));
  await plain.close();
  await redis.client.flushall();
  stalledToDeath.length = 0;
  errors.length = 0;
});
afterAll(() => redis.stop());

interface ConsumeOptions {
  readonly lockDurationMs?: number;
  readonly now?: () => number;
  readonly concurrency?: number;
}

function consume(
  deliver: Deliver,
  { lockDurationMs = 60_000, concurrency = 10, now = Date.now }: ConsumeOptions = {},
) {
  const consumer = createChannelConsumer({
    channel: 'default',
    redis: redis.connect(),
    deliver,
    concurrency,
    maxPerSecond: null,
    lockDurationMs,
    dedupWindowMs: 60_000,
    now,
    observer: {
      onStalledToDeath: (taken) => stalledToDeath.push(taken),
      onStalled: () => undefined,
      onError: () => undefined,
      onDefect: (error) => errors.push(error),
    },
  });
  consumers.push(consumer);
  consumer.start();
  return consumer;
}

const record = (taken: TakenEvent, more: Partial<AttemptRecord> = {}): AttemptRecord => ({
  attempt: taken.attempt,
  atMs: 1_700_000_000_000 + taken.attempt,
  durationMs: 5,
  worker: 'test:1',
  outcome: 'retry',
  reason: 'http_5xx',
  status: 503,
  ...more,
});
const delivered: Settlement = { outcome: 'delivered' };
const dead = (taken: TakenEvent): Settlement => ({
  outcome: 'dead',
  record: record(taken, { outcome: 'dead', reason: 'http_422', status: 422, excerpt: 'phone is invalid' }),
});
const retryNow = (taken: TakenEvent): Settlement => ({
  outcome: 'retry',
  retryAtMs: Date.now(),
  record: record(taken),
});
const counts = async () => (await readChannelStatus(redis.client, 'default')).counts;

async function letters(filter: DeadLetterFilter = {}): Promise<DeadLetter[]> {
  const found: DeadLetter[] = [];
  for await (const letter of readDeadLetters(redis.client, 'default', filter)) found.push(letter);
  return found;
}

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
      return id < 'event-3' ? dead(taken) : delivered;
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
  consume(() => Promise.reject(new Error('a defect')));
  await eventually(async () => expect(await counts()).toMatchObject({ retrying: 1, dead: 0 }));
  expect(errors.map(({ message }) => message)).toEqual(['a defect']);
});

describe('stopping', () => {
  it('lets what is in flight finish', async () => {
    await plain.add('call-event', sampleEvent({ id: 'event-1' }));
    let finish: (settlement: Settlement) => void = () => undefined;
    const taken = new Promise<void>((started) => {
      consume(() => {
        started();
        return new Promise((resolve) => {
          finish = resolve;
        });
      });
    });
    await taken;
    const stopped = consumers[0]?.stop(60_000);
    finish(delivered);
    await stopped;
    expect(await counts()).toMatchObject({ waiting: 0, in_flight: 0 });
  });

  it('hands back what takes too long: no attempt spent, and a trace that it may have arrived', async () => {
    await plain.add('call-event', sampleEvent({ id: 'event-1' }));
    const reasons: unknown[] = [];
    const taken = new Promise<void>((started) => {
      consume((_, signal) => {
        started();
        return new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            reasons.push(signal.reason);
            resolve({ outcome: 'interrupted', reason: 'shutdown', mayHaveArrived: true });
          });
        });
      });
    });
    await taken;
    await consumers[0]?.stop(0);
    expect(reasons).toEqual(['shutdown']);
    expect(await counts()).toMatchObject({ waiting: 1, in_flight: 0, retrying: 0 });
    const again = new Promise<TakenEvent>((resolve) => {
      consume(async (event) => {
        resolve(event);
        return delivered;
      });
    });
    expect(await again).toMatchObject({ attempt: 1, possiblyDelivered: true });
  });
});

describe('a lost lock', () => {
  it('interrupts the attempt, so that nobody else posts at the same time', async () => {
    await plain.add('call-event', sampleEvent({ id: 'event-1' }));
    const log: string[] = [];
    consume(
      (taken, signal) => {
        log.push(`start ${taken.attempt}`);
        if (log.length > 1) return Promise.resolve(delivered);
        return new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            log.push(String(signal.reason));
            resolve({ outcome: 'interrupted', reason: 'lock_lost', mayHaveArrived: true });
          });
        });
      },
      { lockDurationMs: 400 },
    );
    await eventually(() => log.length === 1);
    await redis.client.del('bull:{voice-default}:1:lock');
    await eventually(async () => {
      expect(log).toEqual(['start 1', 'lock_lost', 'start 1']);
      expect(await counts()).toMatchObject({ waiting: 0, in_flight: 0, retrying: 0, dead: 0 });
    });
  });
});

it('a worker that was frozen between taking an event and posting it does not post: the lock may be gone', async () => {
  await plain.add('call-event', sampleEvent({ id: 'event-1' }));
  const posted: string[] = [];
  consume(
    async () => {
      posted.push('frozen');
      return delivered;
    },
    { lockDurationMs: 400, now: () => Date.now() + 10_000 },
  );
  await eventually(async () => expect(await redis.client.hget('bull:{voice-default}:1', 'ats')).toBe('1'));
  await consumers[0]?.stop(0);
  consume(
    async () => {
      posted.push('other');
      return delivered;
    },
    { lockDurationMs: 400 },
  );
  await eventually(async () => expect(await counts()).toMatchObject({ waiting: 0, in_flight: 0, dead: 0 }));
  expect(posted).toEqual(['other']);
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
  consume(async () => delivered);
  await eventually(async () => expect((await counts()).dead).toBe(1));
  expect(stalledToDeath.map(({ data }) => (data as { id: string }).id)).toEqual(['killer']);
  expect((await letters())[0]).toMatchObject({
    eventId: 'killer',
    reason: 'stalled',
    possiblyDelivered: true,
  });
});

describe('replay', () => {
  it('sends the same event again with a fresh count of attempts, and keeps the evidence', async () => {
    const queue = createCallEventQueue({ redis: redis.url });
    await queue.send(sampleEvent({ id: 'event-1' }));
    let isHealed = false;
    const seen: TakenEvent[] = [];
    consume(async (taken) => {
      seen.push(taken);
      return isHealed ? delivered : dead(taken);
    });
    const letter = await eventually(
      async () => (await findDeadLetter(redis.client, 'default', 'event-1')) ?? false,
    );
    expect(await queue.send(sampleEvent({ id: 'event-1' }))).toMatchObject({
      status: 'duplicate',
      first: 'dead',
    });

    const replayer = createReplayer({
      redis: redis.client,
      channel: 'default',
      now: () => 1_800_000_000_000,
    });
    expect(await replayer.replay(letter.jobId)).toBe('replayed');
    const second = await eventually(async () => {
      const found = await findDeadLetter(redis.client, 'default', 'event-1');
      return found?.replays === 1 && found;
    });
    expect(second.attempts).toHaveLength(2);
    expect(seen[1]).toMatchObject({
      attempt: 1,
      origin: 'replay',
      queuedAtMs: 1_800_000_000_000,
      data: letter.event,
    });

    isHealed = true;
    expect(await replayer.replay(letter.jobId)).toBe('replayed');
    await eventually(async () => expect(await letters()).toEqual([]));
    expect(await replayer.replay(letter.jobId)).toBe('not_dead');
    expect(await queue.send(sampleEvent({ id: 'event-1' }))).toMatchObject({ first: 'delivered' });
    await replayer.close();
    await queue.close();
  });

  it('lets live events go first', async () => {
    await plain.addBulk(sampleEvents(3, 'old').map((data) => ({ name: 'call-event', data })));
    const first = consume(async (taken) => dead(taken));
    await eventually(async () => expect((await counts()).dead).toBe(3));
    await first.stop(0);
    const replayer = createReplayer({ redis: redis.client, channel: 'default', now: Date.now });
    for (const { jobId } of await letters()) await replayer.replay(jobId);
    await plain.addBulk(sampleEvents(3, 'live').map((data) => ({ name: 'call-event', data })));
    expect((await counts()).waiting).toBe(6);
    const order: string[] = [];
    consume(
      async (taken) => {
        order.push((taken.data as { id: string }).id.split('-')[0] ?? '');
        return delivered;
      },
      { concurrency: 1 },
    );
    await eventually(() => order.length === 6);
    expect(order).toEqual(['live', 'live', 'live', 'old', 'old', 'old']);
    await replayer.close();
  });
});

it('filters letters by reason, status and time', async () => {
  await plain.addBulk(sampleEvents(4).map((data) => ({ name: 'call-event', data })));
  consume(async (taken) => {
    const isFirst = (taken.data as { id: string }).id === 'event-0';
    const why = isFirst
      ? ({ reason: 'http_400', status: 400 } as const)
      : ({ reason: 'http_422', status: 422 } as const);
    return { outcome: 'dead', record: record(taken, { outcome: 'dead', ...why }) };
  });
  await eventually(async () => expect((await counts()).dead).toBe(4));
  const ids = async (filter: DeadLetterFilter) => (await letters(filter)).map(({ eventId }) => eventId);
  expect(await ids({ reason: 'http_400' })).toEqual(['event-0']);
  expect(await ids({ status: 422 })).toHaveLength(3);
  expect(await ids({ sinceMs: Date.now() + 60_000 })).toEqual([]);
  expect(await ids({ untilMs: Date.now() + 60_000 })).toHaveLength(4);
});
