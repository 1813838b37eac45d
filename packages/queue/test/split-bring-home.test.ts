import { eventually, seeded } from '@callpost/testkit';
import { describe, expect, it } from 'vitest';
import { type DeadLetter, readDeadLetters } from '../src/index.js';
import { laneKeys } from '../src/lanes/lane-keys.js';
import { letterKeys } from '../src/letters/letter-keys.js';
import { queueKey } from '../src/names.js';
import { bringHome, bringHomeAlone, hasStrayLetters, homeOfLetter } from '../src/shards/bring-home.js';
import { lookAtCalls } from '../src/shards/calls-there.js';
import { allHomes, type Home, homes, type Layout } from '../src/shards/layout.js';
import { copyLetters, removeLetters, undoCopies } from '../src/shards/move-scripts.js';
import { readCarried } from '../src/shards/read-carried.js';
import { addAt, CHANNEL, consumeAt, deadAt, divide, dyingAt, homeOf, hooked, redis } from './split-stage.js';

const CALL = 'thread:call-1';
const OLD = 'default';
const LETTERS = 24;

async function read(): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = [];
  for await (const letter of readDeadLetters(redis.client, CHANNEL)) letters.push(letter);
  return letters;
}

const failedAt = async (home: Home) => (await redis.client.zrange(letterKeys(home).failed, '0', '-1')).sort();
const job = (home: Home, jobId: string) => redis.client.hgetall(queueKey(home, jobId));
const markAt = (home: Home, call = CALL) => redis.client.hget(laneKeys(home).deliveredSince, call);
const setMark = (home: Home, mark: string, call = CALL) =>
  redis.client.hset(laneKeys(home).deliveredSince, call, mark);

/** Letters here and there, most of them where their calls are not: of calls, of none, and broken ones. */
async function scatter(layout: Layout): Promise<void> {
  const all = allHomes(CHANNEL, layout);
  for (let index = 0; index < LETTERS; index += 1) {
    const home = all[index % all.length] as Home;
    await deadAt(home, `e${index}`, { call: `call-${index % 7}`, atMs: 1_700_000_000_000 + (index % 9) });
  }
  for (const home of all) {
    await deadAt(home, `none-${home}`);
    await redis.client.hset(queueKey(home, `e.none-${home}`), 'data', Buffer.from([0x7b, 0xff, 0xfe]));
    await redis.client.zadd(letterKeys(home).failed, '5', `ghost-${home}`);
    await deadAt(home, `marked-${home}`, { call: 'call-1' });
    await setMark(home, String(all.indexOf(home) + 1));
  }
}

async function expectAllAtHome(layout: Layout): Promise<void> {
  for (const home of allHomes(CHANNEL, layout)) {
    const { failed, indexed, entries, byCall, causes } = letterKeys(home);
    const ghosts = (await failedAt(home)).filter((jobId) => jobId.startsWith('ghost')).length;
    const count = (await redis.client.zcard(failed)) - ghosts;
    expect(await redis.client.zcard(indexed)).toBe(count);
    expect(await redis.client.hlen(entries)).toBe(count);
    expect(await redis.client.zcard(byCall)).toBe(count);
    if (count > 0) expect(await redis.client.exists(causes)).toBe(1);
  }
  expect(await hasStrayLetters(redis.client, CHANNEL, layout)).toBe(false);
  for (const { jobId, call } of await read()) {
    const found: Home[] = [];
    for (const home of allHomes(CHANNEL, layout)) {
      if ((await failedAt(home)).includes(jobId)) found.push(home);
    }
    if (call !== null) expect(found).toEqual([homeOfLetter(CHANNEL, layout, CHANNEL, call)]);
    else expect(found).toHaveLength(1);
  }
}

describe.each([
  ['from the undivided queue', 4, [1]],
  ['to more shards', 3, [1, 2]],
  ['to fewer', 2, [1, 3, 4]],
  ['to one queue', 1, [4]],
])('brings letters home %s', (_, shards, former) => {
  it('all of them, as they are, with what was delivered of their calls since', async () => {
    const layout = await divide(shards, former);
    await scatter(layout);
    const before = await read();
    expect(before).toHaveLength(LETTERS + 2 * allHomes(CHANNEL, layout).length);
    expect(await hasStrayLetters(redis.client, CHANNEL, layout)).toBe(true);
    expect(await bringHome(redis.client, CHANNEL, layout)).toMatchObject({ held: 0 });
    await expectAllAtHome(layout);
    expect(await read()).toEqual(before);
    const now = homes(CHANNEL, shards);
    for (const home of allHomes(CHANNEL, layout)) {
      if (!now.includes(home) && home !== CHANNEL) expect(await failedAt(home)).toEqual([]);
      if (home !== homeOf(shards, 'call-1')) expect(await markAt(home)).toBeNull();
    }
    expect(await markAt(homeOf(shards, 'call-1'))).toBe(String(allHomes(CHANNEL, layout).length));
  });

  it('two that do it at a time get into no trouble', async () => {
    const layout = await divide(shards, former);
    await scatter(layout);
    const before = await read();
    await Promise.all([
      bringHome(redis.client, CHANNEL, layout),
      bringHome(redis.connect(), CHANNEL, layout),
    ]);
    await expectAllAtHome(layout);
    expect(await read()).toEqual(before);
  });

  it('whenever who does it dies: every letter is there once, and another brings the rest', async () => {
    const layout = await divide(shards, former);
    for (let command = 1, isDone = false; !isDone; command += 1) {
      await redis.client.flushall();
      await divide(shards, former);
      await scatter(layout);
      const before = await read();
      isDone = await bringHome(dyingAt(command), CHANNEL, layout).then(
        () => true,
        () => false,
      );
      expect(await read()).toEqual(before);
      await bringHome(redis.client, CHANNEL, layout);
      await expectAllAtHome(layout);
      expect(await read()).toEqual(before);
    }
  }, 60_000);
});

describe('one letter', () => {
  const target = homeOf(3, 'call-1');
  const letter = { call: 'call-1', atMs: 1_700_000_000_000 };

  it('is carried byte by byte, also if it is not readable', async () => {
    const layout = await divide(3, [4]);
    await deadAt('default.3', 'a');
    const broken = Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0x0a]);
    await redis.client.hset(queueKey('default.3', 'e.a'), 'data', broken);
    await bringHome(redis.client, CHANNEL, layout);
    expect(await redis.client.hgetBuffer(queueKey(CHANNEL, 'e.a'), 'data')).toEqual(broken);
  });

  it.each([
    ['is waiting', queueKey(target, 'e.a'), 'name'],
    ['was delivered', queueKey(target, 'de:e.a'), ''],
  ])('whose event %s at its home already is only removed', async (_, key, field) => {
    const layout = await divide(3, [1]);
    await deadAt(OLD, 'a', letter);
    if (field === '') await redis.client.set(key, '1');
    else await redis.client.hset(key, field, 'call-event');
    await bringHome(redis.client, CHANNEL, layout);
    expect(await failedAt(OLD)).toEqual([]);
    expect(await failedAt(target)).toEqual([]);
    expect(await read()).toEqual([]);
  });

  it('stays while events of its call are on their way, and then takes along what was delivered', async () => {
    const layout = await divide(3, [1]);
    await deadAt(OLD, 'a', letter);
    await setMark(OLD, '0');
    await addAt(OLD, 'b', 'call-1', 5);
    expect(await bringHome(redis.client, CHANNEL, layout)).toEqual({ moved: 0, held: 1 });
    expect(await failedAt(OLD)).toEqual(['e.a']);
    expect(await failedAt(target)).toEqual([]);
    expect(await hasStrayLetters(redis.client, CHANNEL, layout)).toBe(true);
    consumeAt(OLD, () => ({ outcome: 'delivered' }));
    await eventually(async () => expect(await redis.client.hlen(laneKeys(OLD).firsts)).toBe(0));
    expect(await bringHome(redis.client, CHANNEL, layout)).toEqual({ moved: 1, held: 0 });
    expect([await markAt(OLD), await markAt(target)]).toEqual([null, '5']);
  });

  it('does not stay for a place in a lane whose event was removed by hand', async () => {
    const layout = await divide(3, [1]);
    await deadAt(OLD, 'a', letter);
    await redis.client.hset(laneKeys(OLD).firsts, CALL, 'e.removed');
    expect(await bringHome(redis.client, CHANNEL, layout)).toEqual({ moved: 1, held: 0 });
  });

  it('leaves behind no delivery that came in between', async () => {
    const layout = await divide(3, [1]);
    await deadAt(OLD, 'a', letter);
    await setMark(OLD, '0');
    const between = hooked((name, [script]) =>
      name === 'eval' && String(script).includes('remove(unpack') ? setMark(OLD, '7') : undefined,
    );
    expect(await bringHome(between, CHANNEL, layout)).toEqual({ moved: 0, held: 1 });
    expect(await read()).toHaveLength(1);
    expect(await bringHome(redis.client, CHANNEL, layout)).toEqual({ moved: 1, held: 0 });
    expect([await markAt(OLD), await markAt(target)]).toEqual([null, '7']);
  });

  it.each([
    ['replayed', () => redis.client.zrem(letterKeys(OLD).failed, 'e.a')],
    ['dead again', () => redis.client.hset(queueKey(OLD, 'e.a'), 'finishedOn', 9)],
  ])('that is %s there in between leaves no copy', async (_, happen) => {
    const layout = await divide(3, [1]);
    await deadAt(OLD, 'a', letter);
    const between = hooked((name, [script]) =>
      name === 'eval' && String(script).includes('remove(unpack') ? happen() : undefined,
    );
    expect(await bringHome(between, CHANNEL, layout)).toEqual({ moved: 0, held: 1 });
    expect(await failedAt(target)).toEqual([]);
    expect(await job(target, 'e.a')).toEqual({});
    expect(await redis.client.zcard(letterKeys(target).indexed)).toBe(0);
    expect(await job(OLD, 'e.a')).not.toEqual({});
  });

  it('leaves nothing behind of calls that have no letters there', async () => {
    const layout = await divide(3, [1]);
    await setMark(OLD, '5');
    await bringHome(redis.client, CHANNEL, layout);
    expect(await markAt(OLD)).toBeNull();
  });

  it('that was read long ago does not come back', async () => {
    const layout = await divide(3, [1]);
    await deadAt(OLD, 'a', letter);
    const late = hooked((name, args) => {
      // Its time of reading.
      if (name === 'eval' && String(args[0]).includes('isKnown')) args[11] = Number(args[11]) - 61_000;
    });
    expect(await bringHome(late, CHANNEL, layout)).toEqual({ moved: 0, held: 1 });
    expect(await failedAt(target)).toEqual([]);
    expect(await failedAt(OLD)).toEqual(['e.a']);
  });
});

describe('several who move a letter round, as layouts that follow each other would have it', () => {
  const AROUND = ['default', 'default.0', 'default.1'] as const;

  /** One move in the steps that others may come between. */
  async function* move(from: Home, target: Home, stamp: string): AsyncGenerator<void> {
    const { letters, readAtMs } = await readCarried(redis.client, from, ['e.a']);
    const calls = await lookAtCalls(
      redis.client,
      from,
      letters.map(({ call }) => call),
    );
    if (letters.length === 0) return;
    const load = { letters, calls, readAtMs, stamp, generation: 1 };
    yield;
    const copied = await copyLetters(redis.client, target, load);
    yield;
    const [removal] = await removeLetters(redis.client, from, load);
    yield;
    const isUnneeded = removal === 'obsolete' || (removal === 'taken' && copied?.[0] === true);
    if (isUnneeded) await undoCopies(redis.client, target, letters, stamp);
  }

  it.each([2, 3, 4])('%i at a time never lose it', async (movers) => {
    const random = seeded(movers);
    const below = (bound: number) => Math.floor(random() * bound);
    let most = 0;
    for (let round = 0; round < 150; round += 1) {
      await redis.client.flushall();
      await deadAt('default', 'a', { call: 'call-1' });
      const begin = (number: number) => {
        const [from, step] = number < 2 ? [number, 1 + number] : [below(3), 1 + below(2)];
        return move(AROUND[from] as Home, AROUND[(from + step) % 3] as Home, `${round}-${number}`);
      };
      let under = Array.from({ length: movers }, (_, number) => begin(number));
      while (under.length > 0) {
        const one = under[below(under.length)] as AsyncGenerator<void>;
        if ((await one.next()).done) under = under.filter((other) => other !== one);
        const found = (await Promise.all(AROUND.map(failedAt))).flat();
        expect(found.length, `round ${round}`).toBeGreaterThan(0);
        most = Math.max(most, found.length);
      }
    }
    expect(most).toBeGreaterThan(1);
  });
});

it('is done by one worker at a time, for as long as it may', async () => {
  const layout = await divide(3, [1]);
  await deadAt(OLD, 'a', { call: 'call-1' });
  await redis.client.set(queueKey(CHANNEL, 'callpost:bringing'), 'another');
  expect(await bringHomeAlone(redis.client, CHANNEL, layout, 'me')).toBeNull();
  await redis.client.del(queueKey(CHANNEL, 'callpost:bringing'));
  const stolen = hooked((name) => {
    if (name === 'zrevrangebyscore' || name === 'zrangebylex')
      return redis.client.set(queueKey(CHANNEL, 'callpost:bringing'), 'another');
    return undefined;
  });
  expect(await bringHomeAlone(stolen, CHANNEL, layout, 'me')).toEqual({ moved: 0, held: 0 });
  await redis.client.del(queueKey(CHANNEL, 'callpost:bringing'));
  expect(await bringHomeAlone(redis.client, CHANNEL, layout, 'me')).toEqual({ moved: 1, held: 0 });
  expect(await redis.client.exists(queueKey(CHANNEL, 'callpost:bringing'))).toBe(0);
});
