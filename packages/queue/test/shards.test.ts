import { eventually, writeDeadLetters } from '@callpost/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type ConsumerObserver,
  countDeadLetters,
  createCallEventQueue,
  createDiscarder,
  EventNotAcknowledgedError,
  readChannel,
} from '../src/index.js';
import { changeLayout, tellHomes } from '../src/shards/change-layout.js';
import { tryToEndFormer } from '../src/shards/end-former.js';
import { homeOfCall, homes, layoutKey } from '../src/shards/layout.js';
import { consume, plain, redis } from './consume-stage.js';
import {
  closeProducers,
  countsByHome,
  eventOf,
  idOf,
  laneOf,
  layoutNow,
  openCount,
  openProducer,
} from './shards-stage.js';
import { DELIVERED, dead, retryNow, startHomeConsumer } from './test-consumer.js';

/** Before the stage empties Redis. */
afterEach(closeProducers);

const calls = (count: number) => Array.from({ length: count }, (_, index) => `call-${index}`);

async function divide(shards: number): Promise<void> {
  await changeLayout(redis.client, 'default', shards, { nowMs: Date.now() });
}

/** A call whose home, of so many, is this one. */
function callAt(home: string, shards: number): string {
  const call = calls(1_000).find((one) => homeOfCall('default', shards, `thread:${one}`) === home);
  if (call === undefined) throw new Error(`no call for ${home}`);
  return call;
}

describe('a channel of four shards', () => {
  it('has its calls in four queues, takes them all, and knows the ids in each', async () => {
    await divide(4);
    const queue = await openProducer();
    const events = calls(60).flatMap((call) => [eventOf(call, 0), eventOf(call, 1)]);
    const answers = await queue.sendMany(events);
    expect(answers.filter(({ status }) => status === 'accepted')).toHaveLength(events.length);
    expect(await queue.sendMany(events)).toEqual(
      events.map(({ id }) =>
        expect.objectContaining({ status: 'duplicate', eventId: id, first: expect.any(String) }),
      ),
    );
    const counts = await countsByHome();
    for (const home of ['default.0', 'default.1', 'default.2', 'default.3']) {
      expect(counts.get(home)?.waiting).toBeGreaterThan(5);
    }
    expect(counts.get('default')?.waiting).toBe(0);
    const delivered: string[] = [];
    consume(
      async (taken) => {
        delivered.push(idOf(taken));
        return DELIVERED;
      },
      { shards: 4 },
    );
    await eventually(async () => expect(await openCount()).toBe(0));
    expect(delivered).toHaveLength(events.length + 1);
  });

  it('has plain BullMQ producers in the queue that they know', async () => {
    await plain.add('call-event', eventOf('plain', 0));
    const delivered: string[] = [];
    consume(
      async (taken) => {
        delivered.push(idOf(taken));
        return DELIVERED;
      },
      { shards: 4 },
    );
    await eventually(() => expect(delivered).toEqual(['plain-0']));
  });

  it('acknowledges by queue: what the others took is taken, and the answers end before what was not', async () => {
    await divide(4);
    const queue = await openProducer();
    await redis.client.set('bull:{voice-default.2}:callpost:settings', 'of another type');
    const events = ['default.0', 'default.1', 'default.2', 'default.3'].map((home) =>
      eventOf(callAt(home, 4), 0),
    );
    const refused = await queue.sendMany(events).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(EventNotAcknowledgedError);
    expect((refused as EventNotAcknowledgedError).answers).toEqual(
      events.slice(0, 2).map(({ id }) => ({ status: 'accepted', eventId: id })),
    );
    const each = await Promise.allSettled(events.map((event) => queue.send(event)));
    expect(each.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    await redis.client.del('bull:{voice-default.2}:callpost:settings');
    expect((await queue.sendMany(events)).map(({ status }) => status)).toEqual([
      'duplicate',
      'duplicate',
      'accepted',
      'duplicate',
    ]);
  });
});

describe('when the number of shards changes', () => {
  it('a call that has events goes on where it is, another begins at its new home', async () => {
    const before = await openProducer();
    await before.send(eventOf('old', 0));
    await divide(4);
    const after = await openProducer();
    await after.sendMany([eventOf('old', 1), eventOf('new', 0)]);
    expect(await laneOf('old')).toEqual({ ids: ['old-0', 'old-1'], lanes: 1 });
    const counts = await countsByHome();
    expect(counts.get('default')?.parked).toBe(1);
    expect(counts.get(homeOfCall('default', 4, 'thread:new'))?.waiting).toBeGreaterThan(0);
  });

  it('a producer that does not know yet is refused, learns of it, and puts its event behind the others', async () => {
    const stale = await openProducer();
    await divide(4);
    const fresh = await openProducer();
    await fresh.send(eventOf('call', 0));
    expect(await stale.send(eventOf('call', 1))).toMatchObject({ status: 'accepted' });
    expect(await stale.send(eventOf('call', 0))).toMatchObject({ status: 'duplicate', first: 'waiting' });
    expect(await laneOf('call')).toEqual({ ids: ['call-0', 'call-1'], lanes: 1 });
    expect((await countsByHome()).get(homeOfCall('default', 4, 'thread:call'))?.parked).toBe(1);
  });

  it('ids stay known: of events that wait, are dead and were delivered', async () => {
    const queue = await openProducer();
    const [waiting, letter, gone] = [eventOf('waiting', 0), eventOf('letter', 0), eventOf('gone', 0)];
    await queue.sendMany([waiting, letter, gone]);
    const consumer = consume(async (taken) => {
      if (taken.jobId === 'e.waiting-0') return { ...retryNow(taken), ...{ retryAtMs: Date.now() + 60_000 } };
      return taken.jobId === 'e.letter-0' ? dead(taken) : DELIVERED;
    });
    await eventually(async () => expect(await openCount()).toBe(1));
    await consumer.stop(1_000);
    await divide(4);
    await divide(2);
    for (const producer of [queue, await openProducer()]) {
      const answers = await producer.sendMany([waiting, letter, gone]);
      expect(answers).toMatchObject([
        { status: 'duplicate', first: 'retrying' },
        { status: 'duplicate', first: 'dead' },
        { status: 'duplicate', first: 'delivered' },
      ]);
    }
  });

  it('events that were sent without waiting for answers come into the lane in their order', async () => {
    const queue = await openProducer();
    const sending: Promise<unknown>[] = [];
    for (let number = 0; number < 400; number += 1) {
      sending.push(queue.send(eventOf('call', number)), queue.send(eventOf(`other-${number}`, 0)));
      if (number % 10 === 0) await new Promise(setImmediate);
      if (number % 80 !== 40) continue;
      await divide([4, 2, 8, 1, 4][(number - 40) / 80] ?? 1);
      await tellHomes(redis.client, 'default', await layoutNow());
    }
    await Promise.all(sending);
    expect(await laneOf('call')).toEqual({
      ids: Array.from({ length: 400 }, (_, number) => `call-${number}`),
      lanes: 1,
    });
  });
});

describe('former homes', () => {
  const WINDOW_MS = 60_000;
  const tryToEnd = async (afterMs: number) =>
    tryToEndFormer({
      redis: redis.client,
      channel: 'default',
      layout: await layoutNow(),
      dedupWindowMs: WINDOW_MS,
      nowMs: (await layoutNow()).generation + afterMs,
    });

  /** By somebody who does nothing with the layout. */
  async function deliverAll(): Promise<void> {
    const all = ['default', ...homes('default', 4)];
    const consumers = all.map((home) => startHomeConsumer(redis, home, { deliver: async () => DELIVERED }));
    await eventually(async () => expect(await openCount()).toBe(0));
    await Promise.all(consumers.map((consumer) => consumer.stop(1_000)));
  }

  it('do not end while an event or a letter is there, nor in the window after the last', async () => {
    await openProducer();
    await divide(4);
    expect(await tryToEnd(WINDOW_MS)).toEqual(await layoutNow());
    await deliverAll();
    const letter = { event: eventOf('letter', 0), reason: 'http_422', status: 422, excerpt: '', atMs: 1_000 };
    await writeDeadLetters(redis.client, [letter]);
    expect((await tryToEnd(2 * WINDOW_MS)).clearSinceMs).toBeUndefined();
    await createDiscarder({ redis: redis.client, channel: 'default' }).discard('e.letter-0');
    const { clearSinceMs = 0 } = await tryToEnd(3 * WINDOW_MS);
    expect(clearSinceMs).toBeGreaterThan(0);
    expect(await tryToEnd(4 * WINDOW_MS - 1)).toMatchObject({ former: [1] });
    const { generation } = await layoutNow();
    expect(await tryToEnd(4 * WINDOW_MS)).toEqual({
      generation: expect.any(Number),
      shards: 4,
      former: [],
    });
    expect((await layoutNow()).generation).toBeGreaterThan(generation);
  });

  it('do not end while an event without a place in a lane is there', async () => {
    await plain.add('call-event', eventOf('plain', 0));
    await divide(4);
    expect((await tryToEnd(1)).clearSinceMs).toBeUndefined();
  });

  it('that are homes still do not end while a call is there that would begin elsewhere now', async () => {
    await divide(4);
    const stray = calls(1_000).find((call) => {
      const [at4, at3] = [4, 3].map((shards) => homeOfCall('default', shards, `thread:${call}`));
      return at4 !== at3 && at4 !== 'default.3';
    });
    const queue = createCallEventQueue({ redis: redis.url });
    await queue.send(eventOf(stray ?? '', 0));
    await divide(3);
    expect((await tryToEnd(1)).clearSinceMs).toBeUndefined();
    await deliverAll();
    expect((await tryToEnd(1)).clearSinceMs).toBeGreaterThan(0);
    await queue.close();
  });

  it('that seemed empty and are not, as after a failover, count anew', async () => {
    await divide(4);
    expect((await tryToEnd(1)).clearSinceMs).toBeGreaterThan(0);
    await redis.client.hset('bull:{voice-default}:callpost:lanes', 'thread:late', 'e.late');
    await redis.client.hset('bull:{voice-default}:e.late', 'lane', 'thread:late');
    expect((await tryToEnd(WINDOW_MS + 1)).clearSinceMs).toBeUndefined();
    expect(await layoutNow()).toMatchObject({ former: [1] });
  });
});

describe('a worker', () => {
  it('makes the layout what it is configured for when it starts, and takes events from queues that come later', async () => {
    const delivered: string[] = [];
    const deliver = async (taken: Parameters<typeof idOf>[0]) => {
      delivered.push(idOf(taken));
      return DELIVERED;
    };
    const told: unknown[] = [];
    const onLayout: ConsumerObserver['onLayout'] = ({ shards, former }) => told.push([shards, former]);
    const first = consume(deliver, { shards: 2, observer: { onLayout } });
    await eventually(async () => expect(await layoutNow()).toMatchObject({ shards: 2, former: [1] }));
    const second = consume(
      async (taken) => {
        await second.stop(0);
        return retryNow(taken);
      },
      { shards: 4 },
    );
    await eventually(async () => expect(await layoutNow()).toMatchObject({ shards: 4, former: [1, 2] }));
    await second.stop(0);
    const queue = await openProducer();
    await queue.sendMany(calls(40).map((call) => eventOf(call, 0)));
    await eventually(() => expect(delivered).toHaveLength(41));
    expect(told).toEqual([
      [2, [1]],
      [4, [1, 2]],
    ]);
    expect(await first.stop(1_000)).toBe(0);
    expect(await layoutNow()).toMatchObject({ shards: 4 });
  });

  it('ends former homes when letters have followed their calls and the last id is forgotten, and tells the producers', async () => {
    const queue = await openProducer();
    await queue.send(eventOf('before', 0));
    const evidence = { reason: 'http_422', status: 422, excerpt: '', atMs: 1_000 };
    await writeDeadLetters(
      redis.client,
      calls(20).map((call) => ({ event: eventOf(call, 9), ...evidence })),
    );
    const { accepted } = (await readChannel(redis.client, 'default')).enqueued;
    consume(async () => DELIVERED, { shards: 4, dedupWindowMs: 200 });
    await eventually(async () => expect(await layoutNow()).toMatchObject({ shards: 4, former: [] }));
    const counts = await countsByHome();
    expect(counts.get('default')?.dead).toBe(0);
    for (let shard = 0; shard < 4; shard += 1)
      expect(counts.get(`default.${shard}`)?.dead).toBeGreaterThan(0);
    expect(await countDeadLetters(redis.client, 'default')).toBe(20);
    expect((await readChannel(redis.client, 'default')).enqueued.accepted).toBe(accepted);
    await eventually(async () => {
      const { generation } = await layoutNow();
      for (const home of ['default.0', 'default.3']) {
        expect(await redis.client.hget(`bull:{voice-${home}}:callpost:settings`, 'generation')).toBe(
          `${generation}`,
        );
      }
    });
    await queue.sendMany(calls(40).map((call) => eventOf(call, 0)));
    const own = 'bull:{voice-default}:callpost:settings';
    await redis.client.hdel(own, 'generation');
    await queue.sendMany(calls(40).map((call) => eventOf(call, 1)));
    expect(await redis.client.hexists(own, 'generation')).toBe(0);
  });

  it('writes the layout again that a failover of Redis has lost, and so does one that starts then', async () => {
    const consumer = consume(async () => DELIVERED, { shards: 4 });
    await eventually(async () => expect(await layoutNow()).toMatchObject({ shards: 4, former: [1] }));
    const { generation } = await layoutNow();
    await redis.client.del(layoutKey('default'));
    await eventually(async () => expect(await layoutNow()).toMatchObject({ shards: 4, former: [1] }));
    expect((await layoutNow()).generation).toBeGreaterThan(generation);
    await eventually(async () =>
      expect(await redis.client.hget('bull:{voice-default}:callpost:settings', 'generation')).toBe(
        `${(await layoutNow()).generation}`,
      ),
    );
    const told = (await layoutNow()).generation;
    await consumer.stop(0);
    await redis.client.del(layoutKey('default'));
    const queue = createCallEventQueue({ redis: redis.url });
    const refused = await queue.send(eventOf('call', 0)).catch((error: unknown) => error);
    expect(String(refused)).toContain('newer layout');
    consume(async () => DELIVERED, { shards: 1 });
    await eventually(async () => expect((await layoutNow()).generation).toBeGreaterThan(told));
    expect(await queue.send(eventOf('call', 0))).toMatchObject({ status: 'accepted' });
    await queue.close();
  });

  it('takes events though one queue cannot be told, and tells it when it can', async () => {
    await divide(4);
    const queue = await openProducer();
    const own = 'bull:{voice-default.2}:callpost:settings';
    await redis.client.set(own, 'of another type');
    const call = callAt('default.1', 4);
    await queue.send(eventOf(call, 0));
    const errors: Error[] = [];
    const delivered: string[] = [];
    consume(
      async (taken) => {
        delivered.push(idOf(taken));
        return DELIVERED;
      },
      { shards: 4, observer: { onError: (error) => errors.push(error) } },
    );
    await eventually(() => delivered.includes(`${call}-0`));
    await eventually(() => expect(String(errors)).toContain('WRONGTYPE'));
    await redis.client.del(own);
    await eventually(async () =>
      expect(Number(await redis.client.hget(own, 'generation'))).toBe((await layoutNow()).generation),
    );
  });

  it('refuses a number of shards that is none', () => {
    for (const shards of [0, 65, 1.5])
      expect(() => consume(async () => DELIVERED, { shards })).toThrow(RangeError);
  });
});
