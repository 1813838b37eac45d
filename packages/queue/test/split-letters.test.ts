import { describe, expect, it } from 'vitest';
import {
  countDeadLetters,
  countNewerDelivered,
  createDiscarder,
  type DeadLetter,
  type DeadLetterFilter,
  dropOldLetters,
  findDeadLetter,
  pageDeadLetters,
  readDeadLetters,
  readResults,
  reindexDeadLetters,
  summariseCauses,
} from '../src/index.js';
import { laneKeys } from '../src/lanes/lane-keys.js';
import { letterKeys } from '../src/letters/letter-keys.js';
import { runKeys } from '../src/replay/run.js';
import { allHomes, type Home } from '../src/shards/layout.js';
import { CHANNEL, deadAt, divide, homeOf, redis } from './split-stage.js';

const HOMES: readonly Home[] = ['default', 'default.0', 'default.1', 'default.2'];
const START_MS = 1_700_000_000_000;

async function read(filter: DeadLetterFilter = {}): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = [];
  for await (const letter of readDeadLetters(redis.client, CHANNEL, filter)) letters.push(letter);
  return letters;
}
const ids = async (filter: DeadLetterFilter = {}) => (await read(filter)).map(({ eventId }) => eventId);

/** Numbers that look like chance, the same every time. */
function chance(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
}

describe('pages over homes', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('have every letter once, newest first (%i)', async (seed) => {
    const below = chance(seed);
    await divide(3, [1, 2]);
    const died: { id: string; atMs: number }[] = [];
    for (let index = 0; index < 40; index += 1) {
      // Few times of death, so that the order often hangs on the ids, and sometimes a letter that is being moved.
      const letter = { id: `e${below(1_000)}-${index}`, atMs: START_MS + below(6) };
      await deadAt(HOMES[below(4)] as Home, letter.id, letter);
      if (below(5) === 0) await deadAt(HOMES[below(4)] as Home, letter.id, letter);
      died.push(letter);
    }
    const expected = died.sort((a, b) => b.atMs - a.atMs || (a.id < b.id ? 1 : -1)).map(({ id }) => id);
    expect(await ids()).toEqual(expected);
    const limit = 1 + below(9);
    const paged: (string | null)[] = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof pageDeadLetters>> = await pageDeadLetters(redis.client, CHANNEL, {
        filter: {},
        limit,
        cursor,
      });
      expect(page.letters.length).toBeLessThanOrEqual(limit);
      paged.push(...page.letters.map(({ eventId }) => eventId));
      cursor = page.cursor;
    } while (cursor !== null);
    expect(paged).toEqual(expected);
  });

  it('longer than what is read of a home at a time', async () => {
    await divide(2);
    const count = 2_500;
    for (let index = 0; index < count; index += 1) {
      await deadAt(`default.${index % 2}`, `e${index}`, { atMs: START_MS + index });
    }
    expect(await ids()).toEqual(Array.from({ length: count }, (_, index) => `e${count - 1 - index}`));
  });
});

describe('letters of several homes', () => {
  async function fourLetters() {
    await divide(3, [1]);
    await deadAt('default', 'a', { atMs: START_MS + 1, excerpt: 'phone is invalid' });
    await deadAt('default.0', 'b', { atMs: START_MS + 2, excerpt: 'phone is invalid', call: 'call-b' });
    await deadAt('default.1', 'c', { atMs: START_MS + 3, excerpt: 'phone is invalid' });
    await deadAt('default.2', 'd', { atMs: START_MS + 4, excerpt: 'name is missing', jobId: '17' });
  }

  it('are of the channel, and are found by every filter', async () => {
    await fourLetters();
    expect((await read()).map(({ channel }) => channel)).toEqual([CHANNEL, CHANNEL, CHANNEL, CHANNEL]);
    expect(await ids({ thread: 'call-b' })).toEqual(['b']);
    expect(await ids({ match: 'phone' })).toEqual(['c', 'b', 'a']);
    expect(await ids({ ids: ['b', 'd', 'a', 'x'] })).toEqual(['d', 'b', 'a']);
    expect(await findDeadLetter(redis.client, CHANNEL, 'd')).toMatchObject({ jobId: '17', channel: CHANNEL });
    expect(await findDeadLetter(redis.client, CHANNEL, 'x')).toBeNull();
  });

  it('are counted', async () => {
    await fourLetters();
    expect(await countDeadLetters(redis.client, CHANNEL)).toBe(4);
    expect(await countDeadLetters(redis.client, CHANNEL, { status: 422, sinceMs: START_MS + 2 })).toBe(3);
    expect(await countDeadLetters(redis.client, CHANNEL, { ids: ['a', 'c'] })).toBe(2);
  });

  it.each([
    ['by counting', {}],
    ['one by one', { status: 422 }],
    ['by ids', { ids: ['a', 'b', 'c', 'd'] }],
  ])('are summed up by cause, %s', async (_, filter) => {
    await fourLetters();
    expect(await summariseCauses(redis.client, CHANNEL, filter)).toMatchObject([
      { count: 3, oldestAtMs: START_MS + 1, newestAtMs: START_MS + 3, newestJobId: 'e.c' },
      { count: 1, oldestAtMs: START_MS + 4, newestAtMs: START_MS + 4, newestJobId: '17' },
    ]);
  });

  it('are found again when the index of a home is lost', async () => {
    await fourLetters();
    await ids();
    for (const home of HOMES) {
      const { entries, byCall } = letterKeys(home);
      await redis.client.del(entries, byCall);
    }
    expect(await reindexDeadLetters(redis.client, CHANNEL)).toBe(4);
    expect(await redis.client.hlen(letterKeys('default.2').entries)).toBe(1);
  });

  it('are discarded, also one that is just being moved', async () => {
    await fourLetters();
    await deadAt('default.0', 'a', { atMs: START_MS + 1 });
    const discarder = createDiscarder({ redis: redis.client, channel: CHANNEL });
    expect(await discarder.discard('e.a', START_MS)).toBe('not_dead');
    expect(await discarder.discard('e.a', START_MS + 1)).toBe('discarded');
    expect(await discarder.discard('17')).toBe('discarded');
    expect(await discarder.discard('17')).toBe('not_dead');
    expect(await ids()).toEqual(['c', 'b']);
    expect(await redis.client.exists('bull:{voice-default}:e.a', 'bull:{voice-default.0}:e.a')).toBe(0);
  });

  it.each(['default', 'default.1'])(
    'when one is discarded that a run was about to send, it hears of it: %s',
    async (home) => {
      await divide(2, [1]);
      await deadAt(home, 'a');
      await redis.client.hset(`bull:{voice-${home}}:e.a`, 'progress', '{"runId":"r1"}');
      await redis.client.hset(runKeys(CHANNEL, 'r1').results, 'e.a', 'sent');
      await createDiscarder({ redis: redis.client, channel: CHANNEL }).discard('e.a');
      expect(await readResults(redis.client, CHANNEL, 'r1')).toEqual(new Map([['e.a', 'skipped:discarded']]));
    },
  );

  it('are dropped when they are old, each after it was copied, once', async () => {
    await fourLetters();
    await deadAt('default.1', 'b', { atMs: START_MS + 2, call: 'call-b' });
    const copied: (string | null)[] = [];
    let dropped = 0;
    await dropOldLetters(redis.client, {
      channel: CHANNEL,
      diedBeforeMs: START_MS + 4,
      keepCopy: async (letters) => void copied.push(...letters.map(({ eventId }) => eventId)),
      onDropped: async (count) => {
        dropped += count;
      },
      signal: new AbortController().signal,
    });
    expect(dropped).toBe(3);
    expect(copied.sort()).toEqual(['a', 'b', 'c']);
    expect(await ids()).toEqual(['d']);
  });

  it('are kept from the moment on when dropping is to end', async () => {
    await fourLetters();
    const stopping = new AbortController();
    const dropped: number[] = [];
    await dropOldLetters(redis.client, {
      channel: CHANNEL,
      diedBeforeMs: START_MS + 4,
      keepCopy: async () => stopping.abort(),
      onDropped: async (count) => void dropped.push(count),
      signal: stopping.signal,
    });
    expect(dropped).toEqual([]);
    expect((await ids()).sort()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('are counted also when dropping them fails in the middle', async () => {
    await fourLetters();
    const dropped: number[] = [];
    const failing = new Proxy(redis.client, {
      get(client, name) {
        if (name === 'eval' && dropping >= 2) return () => Promise.reject(new Error('Redis is away'));
        if (name === 'eval') dropping += 1;
        const value = Reflect.get(client, name);
        return typeof value === 'function' ? value.bind(client) : value;
      },
    });
    let dropping = 0;
    const drop = dropOldLetters(failing, {
      channel: CHANNEL,
      diedBeforeMs: START_MS + 4,
      keepCopy: async () => undefined,
      onDropped: async (count) => void dropped.push(count),
      signal: new AbortController().signal,
    });
    await expect(drop).rejects.toThrow('Redis is away');
    expect(dropped.reduce((sum, count) => sum + count, 0)).toBe(4 - (await ids()).length);
    expect(dropped).toEqual([1]);
  });
});

it('newer events of a call count wherever they were delivered', async () => {
  const layout = await divide(3, [1, 2]);
  const call = 'call-1';
  const path = allHomes(CHANNEL, layout).filter((home) =>
    [1, 2, 3].some((count) => home === homeOf(count, call)),
  );
  const letters = [
    { call: `thread:${call}`, enqueueOrder: 5 },
    { call: null, enqueueOrder: 5 },
  ];
  const newer = () => countNewerDelivered(redis.client, CHANNEL, letters);
  expect(await newer()).toBe(0);
  for (const home of path) {
    await redis.client.hset(laneKeys(home).deliveredSince, `thread:${call}`, '6');
    expect(await newer()).toBe(1);
  }
  for (const home of path.slice(1)) await redis.client.del(laneKeys(home).deliveredSince);
  expect(await newer()).toBe(1);
});
