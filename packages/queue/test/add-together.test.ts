import { sampleEvent, startRedis, type TestRedis } from '@callpost/testkit';
import { createIORedisClient, Queue } from 'bullmq';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type EventQueue, openEventQueue } from '../src/event-queue.js';
import { queueName } from '../src/names.js';
import type { RedisConnection } from '../src/redis.js';
import { dump } from './dump.js';

/*
 * Events are enqueued by a script of ours. What it leaves behind is what BullMQ's own does, and a place in a lane: each scene
 * is played twice, once by any BullMQ client, and all of Redis compared.
 */

const START_MS = 1_764_300_000_000;
const LANES = 'callpost:lanes';

let redis: TestRedis;
let connection: RedisConnection;

beforeAll(async () => {
  redis = await startRedis();
  connection = redis.connect();
});
beforeEach(() => redis.client.flushall());
afterAll(() => redis.stop());

const key = (suffix: string) => `bull:{voice-default}:${suffix}`;

interface Sent {
  readonly id: string;
  readonly call?: string;
  readonly trace?: string;
}

/** Its JSON has what JSON has to escape. */
const dataOf = ({ id }: Sent) => sampleEvent({ id, body: 'Call "ended"\n – 0:30 / ☎' });
const timestampOf = (number: number) => START_MS + (number + 1) / 8;

function sendTogether(queue: EventQueue, sent: readonly Sent[], mayOpen = true) {
  return queue.backend.addTogether(
    createIORedisClient(connection),
    { generation: 0, mayOpen },
    sent.map(({ id, call = id, trace }, number) => ({
      id,
      data: JSON.stringify(dataOf({ id })),
      timestamp: timestampOf(number),
      call,
      ...(trace === undefined ? {} : { trace }),
    })),
  );
}

/** Who adds: we, or a BullMQ client that leaves what holds for the queue as it is. */
interface Scene {
  readonly queue: EventQueue;
  readonly plain: Queue;
}

async function play<T>(prepare: (plain: Queue) => Promise<unknown>, act: (scene: Scene) => Promise<T>) {
  await redis.client.flushall();
  const queue = openEventQueue(connection, 'default');
  const plain = new Queue(queueName('default'), { connection, skipMetasUpdate: true });
  await Promise.all([queue.waitUntilReady(), plain.waitUntilReady()]);
  await prepare(plain);
  const answer = await act({ queue, plain });
  const left = (await dump(redis.client)) as Left;
  await Promise.all([queue.close(), plain.close()]);
  return { answer, left };
}

type Left = Record<string, { value: Record<string, string> }>;

/** Without the lanes; and the options as such, since ours say nothing of retries. */
function asPlain(left: Left): unknown {
  const { [key(LANES)]: _, ...others } = structuredClone(left);
  for (const { value } of Object.values(others)) {
    delete value.lane;
    if (value.opts !== undefined) value.opts = JSON.parse(value.opts).tm ?? null;
  }
  return others;
}

const ONE_OF_EACH: readonly Sent[] = [
  { id: 'a' },
  { id: 'b', trace: '{"traceparent":"00-ab/cd-01"}' },
  { id: 'c' },
];

describe('first events of calls come into a queue as BullMQ would have it', () => {
  it.each<[string, (plain: Queue) => Promise<unknown>]>([
    ['new', async () => undefined],
    ['that knows nothing of itself', () => connection.del(key('meta'))],
    ['paused', (plain) => plain.pause()],
    [
      'with no room for more in flight',
      async (plain) => {
        await plain.setGlobalConcurrency(1);
        await connection.lpush(key('active'), 'other');
      },
    ],
    [
      'with room for more in flight',
      async (plain) => {
        await plain.setGlobalConcurrency(2);
        await connection.lpush(key('active'), 'other');
      },
    ],
    [
      'with others in it',
      async (plain) => {
        await plain.add('call-event', {}, { jobId: 'foreign', timestamp: START_MS });
        await plain.add('call-event', {}, { jobId: 'later', timestamp: START_MS, delay: 60_000 });
        await plain.add('call-event', {}, { jobId: 'low', timestamp: START_MS, priority: 7 });
      },
    ],
    [
      'that keeps hardly any notices',
      async () => {
        await connection.hset(key('meta'), 'opts.maxLenEvents', 2);
      },
    ],
  ])('%s', async (_, prepare) => {
    await redis.client.config('SET', 'stream-node-max-entries', '1');
    const ours = await play(prepare, ({ queue }) => sendTogether(queue, ONE_OF_EACH));
    const { left: theirs } = await play(prepare, async ({ plain }) => {
      for (const [number, sent] of ONE_OF_EACH.entries()) {
        const telemetry = sent.trace === undefined ? {} : { telemetry: { metadata: sent.trace } };
        const options = { jobId: sent.id, timestamp: timestampOf(number), ...telemetry };
        await plain.add('call-event', dataOf(sent), options);
      }
    });
    expect(ours.answer).toEqual(['accepted', 'accepted', 'accepted']);
    expect(asPlain(ours.left)).toEqual(asPlain(theirs));
    expect(ours.left[key(LANES)]?.value).toEqual({ a: 'a', b: 'b', c: 'c' });
    expect(ours.left[key('a')]?.value.lane).toBe('a');
  });
});

describe('an event behind another one of its call', () => {
  const HOLD_MS = 5_000;
  const setHold = () => connection.hset(key('callpost:settings'), 'laneMaxHoldMs', HOLD_MS);
  const behind = async ({ queue }: Scene) => {
    await sendTogether(queue, [{ id: 'first', call: 'call' }]);
    await connection.del(key('marker'));
    return sendTogether(queue, [{ id: 'next', call: 'call', trace: '{}' }]);
  };

  it('is a job that BullMQ brings back when its hold is over', async () => {
    const { answer, left } = await play(setHold, behind);
    expect(answer).toEqual(['accepted']);
    expect(left[key('next')]?.value).toEqual({
      name: 'parked',
      data: JSON.stringify(dataOf({ id: 'next' })),
      opts: '{"tm":"{}"}',
      timestamp: String(timestampOf(0)),
      delay: String(HOLD_MS),
      priority: '0',
    });
    expect(left[key('delayed')]?.value).toEqual(['next', String((START_MS + HOLD_MS) * 0x1000)]);
    expect(left[key('callpost:lane:call')]?.value).toEqual(['next']);
    expect(left[key('callpost:parked')]?.value).toBe('1');
    expect(left[key(LANES)]?.value).toEqual({ call: 'first' });
    expect(left[key('wait')]?.value).toEqual(['first']);
    expect(left[key('id')]?.value).toBe('2');
  });

  it('calls no worker, since there is nothing to take', async () => {
    const { left } = await play(setHold, behind);
    expect(left[key('marker')]).toBeUndefined();
  });

  it('makes the first as urgent as itself when that is a letter that waits until no live event does', async () => {
    const { left } = await play(async (plain) => {
      await plain.add('call-event', {}, { jobId: 'letter', priority: 7 });
      await plain.add('call-event', {}, { jobId: 'other' });
      await connection.hset(key(LANES), 'call', 'letter');
    }, behind);
    expect(left[key('prioritized')]).toBeUndefined();
    expect(left[key('wait')]?.value).toEqual(['other', 'letter']);
    expect(left[key('letter')]?.value.priority).toBe('0');
  });
});

it('what was known, and what may not begin here, is not added and leaves nothing', async () => {
  const known = async () => {
    await connection.set(key('de:delivered'), 1);
    await connection.hset(key('dead'), 'name', 'call-event');
  };
  const { answer, left } = await play(known, ({ queue }) =>
    sendTogether(queue, [{ id: 'delivered' }, { id: 'dead' }, { id: 'new', call: 'gone' }], false),
  );
  const { left: before } = await play(known, async () => undefined);
  expect(answer).toEqual(['duplicate', 'duplicate', 'not_here']);
  expect(left).toEqual(before);
});

it('an event that Redis cannot add is an error, and those beside it are added', async () => {
  const { answer, left } = await play(
    () => connection.set(key('callpost:lane:odd'), 'no list'),
    async ({ queue }) => {
      await connection.hset(key(LANES), 'odd', 'first');
      const sent = [{ id: 'a' }, { id: 'b', call: 'odd' }, { id: 'c' }];
      return sendTogether(queue, sent).catch(String);
    },
  );
  expect(answer).toMatch(/WRONGTYPE/);
  expect(left[key('wait')]?.value).toEqual(['c', 'a']);
});
