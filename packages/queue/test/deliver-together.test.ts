import { sampleEvent, startRedis, type TestRedis } from '@callpost/testkit';
import { createIORedisClient, Queue, RedisQueueBackend } from 'bullmq';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createEventBackend, type EventQueue, openEventQueue } from '../src/event-queue.js';
import { queueName } from '../src/names.js';
import type { RedisConnection } from '../src/redis.js';
import { dump } from './dump.js';

/*
 * Delivered events leave Redis by a script of ours. What it leaves behind, and what it answers, is what BullMQ's own script
 * does, with the lanes around it: each scene is played twice, and all of Redis compared.
 */

const START_MS = 1_764_300_000_000;

let redis: TestRedis;
let connection: RedisConnection;
let queue: EventQueue;
/** Of any BullMQ client. */
let plain: Queue;

beforeAll(async () => {
  redis = await startRedis();
  connection = redis.connect();
});
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
});
afterEach(() => vi.useRealTimers());
afterAll(() => redis.stop());

type Backend = ReturnType<typeof createEventBackend>;
interface Held {
  readonly id: string;
  readonly token: string;
}
/** Finishes events that were delivered, all in one turn; answers what the worker would get for each. */
type Finish = (held: readonly Held[], fetchNext?: boolean) => Promise<unknown[]>;
interface Scene {
  readonly backend: Backend;
  readonly finish: Finish;
  /** @param of the thread */
  add(id: string, of?: string): Promise<unknown>;
  take(count: number): Promise<Held[]>;
}

async function play(act: (scene: Scene) => Promise<unknown>, by: 'us' | 'BullMQ', limiter?: object) {
  vi.setSystemTime(START_MS);
  await redis.client.flushall();
  queue = openEventQueue(connection, 'default');
  plain = new Queue(queueName('default'), { connection });
  await queue.waitUntilReady();
  const options = { connection, lockDuration: 30_000, ...(limiter && { limiter }) };
  const backend = createEventBackend(queueName('default'), options as never);
  await backend.waitUntilReady();
  const complete = by === 'us' ? backend.moveToCompleted : RedisQueueBackend.prototype.moveToCompleted;
  let added = 0;
  let tokens = 0;
  const answers = await act({
    backend,
    async finish(held, fetchNext = true) {
      const settled = await Promise.allSettled(
        held.map(({ id, token }) =>
          complete.call(backend, { id, opts: {} } as never, undefined, true, token, fetchNext),
        ),
      );
      return settled.map((one) =>
        one.status === 'fulfilled' ? withWholeSeconds(one.value.result) : String(one.reason),
      );
    },
    add(id, thread_id = id) {
      added += 1;
      const event = sampleEvent({ id, thread_id });
      const timestamp = Date.now() + added / 1_000;
      const one = { id, data: JSON.stringify(event), timestamp, call: `thread:${thread_id}` };
      return queue.backend.addTogether(createIORedisClient(connection), { generation: 0, mayOpen: true }, [
        one,
      ]);
    },
    async take(count) {
      const held: Held[] = [];
      for (let index = 0; index < count; index += 1) {
        tokens += 1;
        const token = `worker:${tokens}`;
        const [, id] = (await backend.moveToActive(token)) ?? [];
        if (id) held.push({ id: String(id), token });
      }
      return held;
    },
  });
  const left = await dump(redis.client);
  await backend.close();
  await queue.close();
  await plain.close();
  return { answers, left };
}

/** How long a limit still holds depends on how fast the test is. */
function withWholeSeconds(answer: unknown): unknown {
  if (!Array.isArray(answer) || answer.length === 0) return answer;
  const [job, jobId, limitMs, delayUntil] = answer;
  return [job, jobId, Math.ceil(limitMs / 1_000), delayUntil];
}

async function expectAlike(act: (scene: Scene) => Promise<unknown>, limiter?: object): Promise<unknown> {
  const ours = await play(act, 'us', limiter);
  const theirs = await play(act, 'BullMQ', limiter);
  expect(ours).toEqual(theirs);
  return ours.answers;
}

const key = (suffix: string) => `bull:{voice-default}:${suffix}`;
const FIVE_CALLS = ['a', 'b', 'c', 'd', 'e'];

async function addCalls({ add }: Scene, events = 3): Promise<void> {
  for (let round = 0; round < events; round += 1) {
    for (const call of FIVE_CALLS) await add(`${call}${round}`, call);
  }
}

describe('delivered events leave Redis as BullMQ would have it', () => {
  it('more than one script takes', async () => {
    await expectAlike(async (scene) => {
      for (let number = 0; number < 80; number += 1) await scene.add(`${number}`, `call-${number % 40}`);
      return scene.finish(await scene.take(40));
    });
  });

  it('one, several in one turn, and all until none is left', async () => {
    const answers = await expectAlike(async (scene) => {
      await addCalls(scene);
      const held = await scene.take(4);
      return [
        await scene.finish(held.slice(0, 1)),
        await scene.finish(held.slice(1)),
        await scene.finish(await scene.take(10), false),
        await scene.finish(await scene.take(10)),
        await scene.finish(await scene.take(10), false),
      ];
    });
    expect(JSON.stringify(answers)).toMatch(/"a1",0,0.*"b1",0,0.*"e2",0,0/);
  });

  it('with nobody to take the next', async () => {
    await expectAlike(async (scene) => {
      await addCalls(scene, 2);
      return scene.finish(await scene.take(3), false);
    });
  });

  it('of no call; overtaken by its call; with dead letters of a call; and where the next of a call is gone', async () => {
    await expectAlike(async (scene) => {
      await plain.add('call-event', sampleEvent({ id: 'foreign' }), { jobId: 'foreign' });
      await plain.add('call-event', {}, { jobId: 'odd' });
      await connection.hdel(key('odd'), 'timestamp');
      await plain.add('call-event', {}, { jobId: 'late' });
      await connection.hset(key('late'), 'overtaken', 'thread:a', 'overtakenBy', '1764300000000.001 a0');
      await addCalls(scene);
      await connection.hset(key('callpost:calls:delivered'), 'thread:a', '0', 'thread:c', '99999999999999');
      await connection.del(key('b1'));
      await connection.zrem(key('delayed'), 'b1');
      const held = await scene.take(8);
      const isOdd = ({ id }: Held) => id === 'odd';
      const rest = held.filter((one) => !isOdd(one));
      return [await scene.finish(held.filter(isOdd)), await scene.finish(rest)];
    });
  });

  it('when retries, holds that are over, and letters to send again are waiting', async () => {
    await expectAlike(async (scene) => {
      await plain.add('call-event', sampleEvent({ id: 'due' }), { jobId: 'due', delay: 1_000 });
      await plain.add('call-event', sampleEvent({ id: 'later' }), { jobId: 'later', delay: 900_000 });
      await plain.add('call-event', sampleEvent({ id: 'low' }), { jobId: 'low', priority: 7 });
      for (const id of ['a0', 'b0', 'c0']) await scene.add(id);
      const held = await scene.take(2);
      vi.setSystemTime(Date.now() + 5_000);
      const answers = await scene.finish(held);
      return [answers, await scene.finish(await scene.take(3))];
    });
  });

  it.each([
    ['atm', '2'],
    ['stc', '1'],
    ['progress', '{"replayedAtMs":1}'],
    ['failedReason', 'http_503'],
    ['stacktrace', '["{}"]'],
    ['returnvalue', '"old"'],
    ['defa', 'a child failed'],
    ['finishedOn', '1764300000001'],
    ['pb', 'a worker'],
    ['parentKey', 'bull:other:1'],
    ['parent', '{"id":"1","queueKey":"bull:other"}'],
    ['deid', 'once'],
    ['rjk', 'every day'],
    ['opts', '{"tm":"{}"}'],
    ['opts', '{"attempts":3,"backoff":{"type":"fixed","delay":5},"removeOnComplete":true,"kl":7,"omc":true}'],
    ['priority', '3'],
  ])('and the next one comes with its %s', async (field, value) => {
    const answers = await expectAlike(async (scene) => {
      for (const id of ['a', 'b', 'c']) await scene.add(id);
      await connection.hset(key('b'), field, value);
      const held = await scene.take(1);
      return [await scene.finish(held), await scene.finish([{ id: 'b', token: 'worker:1' }])];
    });
    expect(JSON.stringify(answers)).toMatch(/"b",0,0.*"c",0,0/);
  });

  it.each([
    ['paused', () => plain.pause(), undefined],
    ['limited to one job at a time', () => plain.setGlobalConcurrency(1), undefined],
    ['limited in its rate', () => plain.setGlobalRateLimit(1, 60_000), undefined],
    ['taken from by a worker with a limit', async () => undefined, { max: 3, duration: 60_000 }],
  ])('from a queue that is %s', async (_, limit, limiter) => {
    await expectAlike(async (scene) => {
      await addCalls(scene);
      const held = await scene.take(2);
      await limit();
      return [await scene.finish(held), await scene.finish(await scene.take(3))];
    }, limiter);
  });

  it('when they are no longer ours, or were never', async () => {
    const answers = await expectAlike(async (scene) => {
      await addCalls(scene);
      const [gone, unlocked, stolen, elsewhere, ours] = (await scene.take(5)) as [
        Held,
        Held,
        Held,
        Held,
        Held,
      ];
      await connection.del(key(gone.id));
      await connection.del(key(`${unlocked.id}:lock`));
      await connection.set(key(`${stolen.id}:lock`), 'another');
      await connection.lrem(key('active'), 1, elsewhere.id);
      return scene.finish([gone, unlocked, stolen, elsewhere, ours]);
    });
    expect(answers).toEqual([
      expect.stringContaining('Missing key'),
      expect.stringContaining('Missing lock'),
      expect.stringContaining('Lock mismatch'),
      expect.stringContaining('not in the active state'),
      expect.arrayContaining([expect.anything()]),
    ]);
  });

  it('when they are part of a flow', async () => {
    await expectAlike(async (scene) => {
      const parent = {
        parentKey: key('parent'),
        parent: JSON.stringify({ id: 'parent', queueKey: key('').slice(0, -1) }),
      };
      await plain.add('call-event', {}, { jobId: 'parent' });
      const [held] = (await scene.take(1)) as [Held];
      for (const id of ['child', 'other', 'old']) await plain.add('call-event', {}, { jobId: id });
      await connection.hset(key('child'), parent);
      await connection.hset(key('old'), 'parentKey', parent.parentKey);
      await connection.sadd(key('parent:dependencies'), key('child'), key('old'));
      await connection.zadd(key('other:unsuccessful'), 1, key('none'));
      return [await scene.finish([held]), await scene.finish(await scene.take(3), false)];
    });
  });

  it('when they are deduplicated by BullMQ', async () => {
    await expectAlike(async (scene) => {
      await plain.add('call-event', {}, { jobId: 'single', deduplication: { id: 'only one' } });
      return scene.finish(await scene.take(1));
    });
  });

  it('with what else is kept of them, and nothing more of the queue’s notices than wanted', async () => {
    await redis.client.config('SET', 'stream-node-max-entries', '1');
    await expectAlike(async (scene) => {
      await plain.add('call-event', {}, { jobId: 'parent' });
      await connection.hset(key('parent:processed'), 'a child', '1');
      await connection.hset(key('parent:failed'), 'another', '1');
      await addCalls(scene);
      const held = await scene.take(4);
      await connection.sadd(key('stalled'), ...held.map(({ id }) => id), 'another');
      await connection.rpush(key(`${held[1]?.id}:logs`), 'a line');
      await connection.hset(key('meta'), 'opts.maxLenEvents', 4);
      return [await scene.finish(held.slice(0, 1), false), await scene.finish(held.slice(1, 2), false)];
    });
  });

  it('where BullMQ 3 left a marker of its own among the jobs', async () => {
    await expectAlike(async (scene) => {
      await addCalls(scene, 1);
      const held = await scene.take(5);
      await connection.rpush(key('wait'), '0:1764300000000');
      return scene.finish(held);
    });
  });
});
