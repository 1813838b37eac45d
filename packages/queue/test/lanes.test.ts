import { readFileSync } from 'node:fs';
import { eventually, sampleEvent, sampleEvents, seeded } from '@callpost/testkit';
import { type IRedisClient, Job } from 'bullmq';
import type { ChainableCommander } from 'ioredis';
import { describe, expect, it } from 'vitest';
import {
  type CallEventQueue,
  countNewerDelivered,
  createCallEventQueue,
  createReplayer,
  type Settlement,
  type TakenEvent,
} from '../src/index.js';
import { laneKeys } from '../src/lanes/lane-keys.js';
import { consume, counts, letters, plain, redis } from './consume-stage.js';
import { DELIVERED, dead, retryNow } from './test-consumer.js';

async function withQueue<T>(use: (queue: CallEventQueue) => Promise<T>): Promise<T> {
  const queue = createCallEventQueue({ redis: redis.url });
  try {
    return await use(queue);
  } finally {
    await queue.close();
  }
}

const send = (...ids: string[]) =>
  withQueue((queue) => queue.sendMany(ids.map((id) => sampleEvent({ id, thread_id: id[0] ?? '' }))));

const idOf = (taken: TakenEvent) => (taken.data as { id: string }).id;

/** Events of call `a` that were attempted, and a promise that keeps the first attempt of one open until it is told. */
function recorder(settlementOf: (taken: TakenEvent) => Settlement | Promise<Settlement>) {
  const attempts: string[] = [];
  const overtakers: string[] = [];
  return {
    attempts,
    overtakers,
    async deliver(taken: TakenEvent) {
      attempts.push(idOf(taken));
      if (taken.overtaken > 0) overtakers.push(`${idOf(taken)}:${taken.overtaken}`);
      return settlementOf(taken);
    },
  };
}

/** What lanes leave behind; the counter of parked events stays, and is 0. */
const callKeysLeft = async () =>
  (await redis.client.keys('*callpost:*')).filter(
    (key) => !/:(settings|channels|parked|enqueue-counts)$/.test(key),
  );

it('60 calls, two workers, a quarter of the events refused twice with 503: in order, one of a call at a time', async () => {
  const random = seeded(4711);
  const failing = new Set<string>();
  const inFlight = new Map<string, number>();
  const delivered = new Map<string, string[]>();
  let overlaps = 0;
  const deliver = async (taken: TakenEvent): Promise<Settlement> => {
    const { id, thread_id: call } = taken.data as { id: string; thread_id: string };
    const now = (inFlight.get(call) ?? 0) + 1;
    inFlight.set(call, now);
    if (now > 1) overlaps += 1;
    await new Promise((resolve) => setTimeout(resolve, random() * 3));
    inFlight.set(call, (inFlight.get(call) ?? 0) - 1);
    if (failing.has(id) && taken.attempt <= 2) return retryNow(taken);
    delivered.set(call, [...(delivered.get(call) ?? []), id]);
    return DELIVERED;
  };
  const events = sampleEvents(300, 'e').map((event, index) => ({
    ...event,
    thread_id: `call-${index % 60}`,
  }));
  for (const { id } of events) if (random() < 0.25) failing.add(id);
  await withQueue(async (queue) => {
    await queue.sendMany(events.slice(0, 200));
    consume(deliver);
    consume(deliver);
    for (const event of events.slice(200)) await queue.send(event);
  });
  await eventually(() => [...delivered.values()].flat().length === events.length);
  for (const [call, ids] of delivered) {
    expect(ids).toEqual(events.filter(({ thread_id }) => thread_id === call).map(({ id }) => id));
  }
  expect(overlaps).toBe(0);
  await eventually(async () =>
    expect(await counts()).toMatchObject({ in_flight: 0, parked: 0, retrying: 0 }),
  );
  expect(await callKeysLeft()).toEqual([]);
});

describe('an event that has to wait for an earlier one of its call', () => {
  it('is parked, spends no attempt, and is counted as parked', async () => {
    expect((await send('a1', 'a2', 'b1')).map(({ status }) => status)).toEqual([
      'accepted',
      'accepted',
      'accepted',
    ]);
    expect(await counts()).toEqual({ waiting: 2, in_flight: 0, retrying: 0, parked: 1, dead: 0 });
    expect(await send('a2')).toMatchObject([{ status: 'duplicate', first: 'parked' }]);
    const { attempts, deliver } = recorder((taken) => (taken.attempt === 1 ? retryNow(taken) : DELIVERED));
    consume(deliver, { concurrency: 1 });
    await eventually(() => attempts.length === 6);
    expect(attempts.filter((id) => id.startsWith('a'))).toEqual(['a1', 'a1', 'a2', 'a2']);
  });

  it('goes when that one is dead', async () => {
    await send('a1', 'a2');
    const { attempts, deliver } = recorder((taken) => (idOf(taken) === 'a1' ? dead(taken) : DELIVERED));
    consume(deliver);
    await eventually(() => attempts.length === 2);
    expect(attempts).toEqual(['a1', 'a2']);
    await eventually(async () => expect(await counts()).toMatchObject({ in_flight: 0, parked: 0, dead: 1 }));
  });

  it('overtakes it when the wait is over, and says so', async () => {
    await consume(async () => DELIVERED, { laneMaxHoldMs: 300 }).stop(0);
    await send('a1', 'a2', 'a3');
    const { attempts, overtakers, deliver } = recorder((taken) =>
      idOf(taken) === 'a1' ? { ...retryNow(taken), ...{ retryAtMs: Date.now() + 3_600_000 } } : DELIVERED,
    );
    consume(deliver, { laneMaxHoldMs: 300 });
    await eventually(() => attempts.length === 3);
    expect(attempts).toEqual(['a1', 'a2', 'a3']);
    expect(overtakers).toEqual(['a2:1']);
    await eventually(async () =>
      expect(await counts()).toMatchObject({ in_flight: 0, retrying: 1, parked: 0 }),
    );
    expect(await callKeysLeft()).toEqual([]);
  });

  describe('and is overtaken', () => {
    /** `a1` is tried again when `a2` has overtaken it; what became of both is settled then. */
    async function overtake(last: Readonly<Record<'a1' | 'a2', (taken: TakenEvent) => Settlement>>) {
      await consume(async () => DELIVERED, { laneMaxHoldMs: 200 }).stop(0);
      await send('a1', 'a2');
      const { attempts, deliver } = recorder((taken) => {
        const id = idOf(taken) as 'a1' | 'a2';
        if (id === 'a1' && taken.attempt === 1)
          return { ...retryNow(taken), retryAtMs: Date.now() + 700 } as Settlement;
        return last[id](taken);
      });
      consume(deliver, { laneMaxHoldMs: 200 });
      await eventually(() => attempts.length === 3);
      expect(attempts).toEqual(['a1', 'a2', 'a1']);
      await eventually(async () => expect(await counts()).toMatchObject({ in_flight: 0, retrying: 0 }));
    }
    const delivered = () => DELIVERED;

    it('is known as one that was delivered, when it is', async () => {
      await overtake({ a1: delivered, a2: delivered });
      expect(await send('a1', 'a2')).toMatchObject([
        { status: 'duplicate', first: 'delivered' },
        { status: 'duplicate', first: 'delivered' },
      ]);
    });

    it('is a letter that comes too late for its call, when it dies', async () => {
      await overtake({ a1: dead, a2: delivered });
      expect(await countNewerDelivered(redis.client, 'default', await letters())).toBe(1);
    });

    it('is a letter that is still in time, when that which overtook it is dead too', async () => {
      await overtake({ a1: dead, a2: dead });
      expect(await counts()).toMatchObject({ dead: 2 });
      expect(await countNewerDelivered(redis.client, 'default', await letters())).toBe(0);
    });

    it('leaves nothing of that behind', async () => {
      await overtake({ a1: dead, a2: delivered });
      const [letter] = await letters();
      const fields = await redis.client.hkeys(`bull:{voice-default}:${letter?.jobId}`);
      expect(fields.filter((field) => field.startsWith('overtaken') || field === 'lane')).toEqual([]);
    });
  });

  it('does not count the time that the channel was stopped', async () => {
    await consume(async () => DELIVERED, { laneMaxHoldMs: 200 }).stop(0);
    await send('a1', 'a2');
    const { attempts, deliver } = recorder((taken) =>
      idOf(taken) === 'a1' ? { ...retryNow(taken), ...{ retryAtMs: Date.now() + 3_600_000 } } : DELIVERED,
    );
    let asked = 0;
    const stoppedMsSince = () => {
      asked += 1;
      return asked < 3 ? 200 * asked : 400;
    };
    consume(deliver, { laneMaxHoldMs: 200, stoppedMsSince });
    await eventually(() => attempts.length === 2);
    expect(asked).toBeGreaterThanOrEqual(3);
  });

  it('goes when that one was removed by hand', async () => {
    await consume(async () => DELIVERED, { laneMaxHoldMs: 200 }).stop(0);
    await send('a1', 'a2');
    await (await plain.getJob('e.a1'))?.remove();
    const { attempts, overtakers, deliver } = recorder(() => DELIVERED);
    consume(deliver);
    await eventually(() => attempts.length === 1);
    expect([attempts, overtakers]).toEqual([['a2'], []]);
  });

  it('waits on when it is promoted by hand', async () => {
    await send('a1', 'a2');
    let release = () => undefined as unknown;
    const { attempts, deliver } = recorder((taken) =>
      idOf(taken) === 'a1' ? new Promise((resolve) => (release = () => resolve(DELIVERED))) : DELIVERED,
    );
    consume(deliver);
    await eventually(() => attempts.length === 1);
    await (await plain.getJob('e.a2'))?.promote();
    await eventually(async () =>
      expect(await counts()).toMatchObject({ waiting: 0, in_flight: 1, parked: 1 }),
    );
    release();
    await eventually(() => attempts.length === 2);
    expect(attempts).toEqual(['a1', 'a2']);
  });
});

it('a duplicate takes no second place, whatever it says', async () => {
  await send('a1');
  await withQueue(async (queue) => {
    const again = sampleEvent({ id: 'a1', thread_id: 'another-call' });
    expect(await queue.send(again)).toMatchObject({ status: 'duplicate', first: 'waiting' });
  });
  expect(await redis.client.lrange(laneKeys('default').followers('thread:a'), 0, -1)).toEqual([]);
  expect(await redis.client.hgetall(laneKeys('default').firsts)).toEqual({ 'thread:a': 'e.a1' });
});

it('jobs of plain BullMQ producers have no place and wait for nobody', async () => {
  await plain.addBulk(sampleEvents(3).map((data) => ({ name: 'call-event', data })));
  await send('a1');
  expect(await counts()).toMatchObject({ waiting: 4, parked: 0 });
  const { attempts, deliver } = recorder(() => DELIVERED);
  consume(deliver);
  await eventually(() => attempts.length === 4);
});

describe('a plain producer that runs the script of the README with each job', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const script = /```lua\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';

  async function add(id: string): Promise<unknown> {
    const client = (await plain.backend.client) as IRedisClient;
    const transaction = client.multi();
    await new Job(plain, 'call-event', sampleEvent({ id, thread_id: 'a' }), {}, id).addJob(transaction);
    const prefix = 'bull:{voice-default}:';
    (transaction as unknown as ChainableCommander).eval(
      script,
      1,
      `${prefix}wait`,
      id,
      'thread:a',
      Date.now(),
      prefix,
    );
    return (await transaction.exec())?.[1]?.[1];
  }

  it('has order too', async () => {
    expect([await add('x1'), await add('x2'), await add('x2')]).toEqual([1, 1, 0]);
    await send('a3');
    expect(await counts()).toMatchObject({ waiting: 1, parked: 2 });
    const { attempts, deliver } = recorder((taken) => (taken.attempt === 1 ? retryNow(taken) : DELIVERED));
    consume(deliver);
    await eventually(() => attempts.length === 6);
    expect(attempts).toEqual(['x1', 'x1', 'x2', 'x2', 'a3', 'a3']);
  });

  it('has events that overtake when their wait is over, and say so', async () => {
    await consume(async () => DELIVERED, { laneMaxHoldMs: 300 }).stop(0);
    await add('x1');
    await add('x2');
    const { attempts, overtakers, deliver } = recorder((taken) =>
      idOf(taken) === 'x1' ? { ...retryNow(taken), ...{ retryAtMs: Date.now() + 3_600_000 } } : DELIVERED,
    );
    consume(deliver, { laneMaxHoldMs: 300 });
    await eventually(() => attempts.length === 2);
    expect([attempts, overtakers]).toEqual([['x1', 'x2'], ['x2:1']]);
  });
});

it('a replayed letter goes behind the events of its call that are there already', async () => {
  await send('a1');
  const first = consume(async (taken) => dead(taken));
  await eventually(async () => expect((await counts()).dead).toBe(1));
  await first.stop(0);
  await send('a2', 'a3');
  const replayer = createReplayer({ redis: redis.client, channel: 'default', now: Date.now });
  for (const { jobId } of await letters()) expect(await replayer.replay(jobId)).toBe('replayed');
  expect(await counts()).toMatchObject({ waiting: 1, parked: 2, dead: 0 });
  const { attempts, deliver } = recorder(() => DELIVERED);
  consume(deliver);
  await eventually(() => attempts.length === 3);
  expect(attempts).toEqual(['a2', 'a3', 'a1']);
  await replayer.close();
});

it('a replayed letter that a live event waits for does not wait until no live event waits', async () => {
  await send('a1');
  const first = consume(async (taken) => dead(taken));
  await eventually(async () => expect((await counts()).dead).toBe(1));
  await first.stop(0);
  await send('b1', 'c1');
  const replayer = createReplayer({ redis: redis.client, channel: 'default', now: Date.now });
  for (const { jobId } of await letters()) await replayer.replay(jobId);
  await replayer.close();
  await send('a2');
  const { attempts, deliver } = recorder((taken) => (taken.attempt === 1 ? retryNow(taken) : DELIVERED));
  consume(deliver, { concurrency: 1 });
  await eventually(() => attempts.length === 8);
  expect(attempts.indexOf('a1')).toBe(0);
  expect(attempts.lastIndexOf('a1')).toBeLessThan(attempts.indexOf('a2'));
});

it('what a call delivered since an event of it died is kept, and only then', async () => {
  const delivered = () => redis.client.hgetall(laneKeys('default').deliveredSince);
  await send('a1', 'b1', 'a2', 'b2');
  const { attempts, deliver } = recorder((taken) => (idOf(taken) === 'a1' ? dead(taken) : DELIVERED));
  consume(deliver);
  await eventually(() => attempts.length === 4);
  await eventually(async () => expect(await delivered()).not.toEqual({ 'thread:a': '0' }));
  const stamps = await delivered();
  expect(Object.keys(stamps)).toEqual(['thread:a']);
  const [letter] = await letters();
  expect(Number(stamps['thread:a'])).toBeGreaterThan(letter?.enqueueOrder ?? Number.POSITIVE_INFINITY);
});

it('goes on after SCRIPT FLUSH', async () => {
  const { attempts, deliver } = recorder(() => DELIVERED);
  consume(deliver);
  await send('a1', 'a2');
  await eventually(() => attempts.length === 2);
  await redis.client.script('FLUSH');
  await send('a3', 'a4');
  await eventually(() => attempts.length === 4);
});
