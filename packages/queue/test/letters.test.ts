import { eventually, sampleEvent, startRedis, type TestRedis } from '@callpost/testkit';
import { Queue } from 'bullmq';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type ChannelConsumer,
  countDeadLetters,
  createCallEventQueue,
  createDiscarder,
  createReplayer,
  type DeadLetter,
  type DeadLetterFilter,
  pageDeadLetters,
  readChannelStatus,
  readDeadLetters,
  reindexDeadLetters,
  summariseCauses,
} from '../src/index.js';
import { dead, startTestConsumer } from './test-consumer.js';

const CHANNEL = 'default';
const INDEX = 'bull:{voice-default}:callpost:';

let redis: TestRedis;
let consumer: ChannelConsumer;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

/** What the endpoint says of an event, by its id: `<status>-<n>` is refused with that status and a text. */
function startConsumer(): ChannelConsumer {
  return startTestConsumer(redis, {
    async deliver(taken) {
      const { id } = taken.data as { id: string };
      const possibly = id.endsWith('reset') ? { possiblyDelivered: true as const } : {};
      return id.startsWith('422')
        ? dead(taken, { excerpt: `{"error":"phone is invalid for event ${id}"}`, ...possibly })
        : dead(taken, {
            reason: 'http_400',
            status: 400,
            excerpt: `{"error":"cannot parse ${id}"}`,
            ...possibly,
          });
    },
  });
}

const deadCount = async () => (await readChannelStatus(redis.client, CHANNEL)).counts.dead;

/** 30 letters: 20 of 422 in ten calls, 10 of 400 in one call, two of which may have been delivered. */
beforeEach(async () => {
  consumer = startConsumer();
  const queue = createCallEventQueue({ redis: redis.url });
  const events = Array.from({ length: 30 }, (_, index) => {
    const id = index < 20 ? `422-${index}` : `400-${index}${index > 27 ? '-reset' : ''}`;
    return sampleEvent({ id, thread_id: index < 20 ? `call-${Math.floor(index / 2)}` : 'long-call' });
  });
  await queue.sendMany(events);
  await eventually(async () => expect(await deadCount()).toBe(30));
  await consumer.stop(0);
  await queue.close();
});
afterEach(() => redis.client.flushall());

async function ids(filter: DeadLetterFilter): Promise<string[]> {
  const found: string[] = [];
  for await (const { eventId } of readDeadLetters(redis.client, CHANNEL, filter)) found.push(eventId ?? '');
  return found.sort();
}

const causes = async () =>
  (await summariseCauses(redis.client, CHANNEL)).map(
    ({ cause, count }) => `${count} ${cause.reason} ${cause.template}`,
  );

const CAUSES = [
  '20 http_422 {"error":"phone is invalid for event #"}',
  '10 http_400 {"error":"cannot parse #"}',
];

it('groups letters that failed alike', async () => {
  expect(await causes()).toEqual(CAUSES);
});

/** The index is written before the move, so its times of death are a few milliseconds early until it is made anew. */
const withExactTimes = () => reindexDeadLetters(redis.client, CHANNEL);

describe('filters', () => {
  const FILTERS: ReadonlyArray<readonly [string, DeadLetterFilter, number]> = [
    ['nothing', {}, 30],
    ['reason', { reason: 'http_422' }, 20],
    ['status', { status: 400 }, 10],
    ['what was said', { match: 'PHONE is' }, 20],
    ['thread', { thread: 'call-3' }, 2],
    ['possibly delivered', { possiblyDelivered: true }, 2],
    ['not possibly delivered', { possiblyDelivered: false }, 28],
    ['never replayed', { replayed: 'never' }, 30],
    ['replayed', { replayed: 'any' }, 0],
    ['ids', { ids: ['422-1', 'e.400-21', 'unknown'] }, 2],
    ['ids and reason', { ids: ['422-1', '400-21'], reason: 'http_400' }, 1],
    ['two that exclude each other', { reason: 'http_422', status: 400 }, 0],
    ['the future', { sinceMs: Date.now() + 3_600_000 }, 0],
    ['the past', { untilMs: Date.now() + 3_600_000 }, 30],
    ['an unknown cause', { causeId: 'http_422.none' }, 0],
  ];

  it.each(FILTERS)('by %s', async (_, filter, count) => {
    expect(await ids(filter)).toHaveLength(count);
    expect(await countDeadLetters(redis.client, CHANNEL, filter)).toBe(count);
  });

  it.each(FILTERS)('by %s: the causes are those of the letters that fit', async (_, filter) => {
    await withExactTimes();
    const letters: DeadLetter[] = [];
    for await (const letter of readDeadLetters(redis.client, CHANNEL, filter)) letters.push(letter);
    const summaries = await summariseCauses(redis.client, CHANNEL, filter);
    expect(summaries.map(({ count }) => count).reduce((sum, count) => sum + count, 0)).toBe(letters.length);
    for (const { cause, ...summary } of summaries) {
      const alike = letters.filter((letter) => letter.cause.id === cause.id);
      expect(summary).toEqual({
        count: alike.length,
        newestJobId: alike[0]?.jobId,
        newestAtMs: alike[0]?.diedAtMs,
        oldestAtMs: alike.at(-1)?.diedAtMs,
      });
    }
  });

  it('by time: causes are counted between two moments, both inclusive', async () => {
    await withExactTimes();
    const letters: DeadLetter[] = [];
    for await (const letter of readDeadLetters(redis.client, CHANNEL, {})) letters.push(letter);
    const [sinceMs = 0, untilMs = 0] = [letters[20]?.diedAtMs, letters[5]?.diedAtMs];
    const between = letters.filter(({ diedAtMs }) => diedAtMs >= sinceMs && diedAtMs <= untilMs);
    const summaries = await summariseCauses(redis.client, CHANNEL, { sinceMs, untilMs });
    expect(summaries.reduce((sum, { count }) => sum + count, 0)).toBe(between.length);
    expect(Math.min(...summaries.map(({ oldestAtMs }) => oldestAtMs))).toBe(sinceMs);
    expect(Math.max(...summaries.map(({ newestAtMs }) => newestAtMs))).toBe(untilMs);
  });

  it('by cause', async () => {
    const [first] = await summariseCauses(redis.client, CHANNEL);
    expect(await ids({ causeId: first?.cause.id ?? '' })).toHaveLength(20);
  });
});

describe('pages', () => {
  it('go on where the last one ended, whatever has left meanwhile', async () => {
    const seen: string[] = [];
    let cursor: string | null = null;
    const discarder = createDiscarder({ redis: redis.client, channel: CHANNEL });
    do {
      const page: Awaited<ReturnType<typeof pageDeadLetters>> = await pageDeadLetters(redis.client, CHANNEL, {
        filter: {},
        limit: 7,
        cursor,
      });
      for (const { jobId } of page.letters) await discarder.discard(jobId);
      seen.push(...page.letters.map(({ eventId }) => eventId ?? ''));
      cursor = page.cursor;
    } while (cursor !== null);
    expect(new Set(seen).size).toBe(30);
    expect(seen).toHaveLength(30);
    await discarder.close();
  });

  it('go on with ids, too, newest first', async () => {
    const filter = { ids: ['422-1', '422-2', 'e.400-21', 'nobody'] };
    const all = await pageDeadLetters(redis.client, CHANNEL, { filter, limit: 10 });
    const first = await pageDeadLetters(redis.client, CHANNEL, { filter, limit: 2 });
    const second = await pageDeadLetters(redis.client, CHANNEL, { filter, limit: 2, cursor: first.cursor });
    expect([...first.letters, ...second.letters]).toEqual(all.letters);
    expect(all.letters).toHaveLength(3);
  });

  it.each(['', 'nonsense', '!!'])('refuse %j as a cursor', async (cursor) => {
    const page = pageDeadLetters(redis.client, CHANNEL, { filter: {}, limit: 7, cursor });
    if (cursor === '') await expect(page).resolves.toMatchObject({ letters: { length: 7 } });
    else await expect(page).rejects.toThrow(/^cursor: found text of .*; allowed: the cursor/);
  });
});

describe('an index that is deleted or broken answers right all the same', () => {
  const keysOf = (suffix: string) => redis.client.keys(`${INDEX}${suffix}`);
  const BREAKAGES: ReadonlyArray<readonly [string, () => Promise<unknown>]> = [
    ['all of it deleted', async () => redis.client.del(...(await keysOf('*')))],
    ['the entries deleted', () => redis.client.del(`${INDEX}letters`)],
    ['the causes forgotten', () => redis.client.del(`${INDEX}causes`)],
    ['a cause emptied', async () => redis.client.del((await keysOf('cause:http_422*'))[0] ?? '')],
    ['what is indexed forgotten', () => redis.client.del(`${INDEX}indexed`)],
    ['what belongs to which call forgotten', () => redis.client.del(`${INDEX}letters:by-call`)],
    [
      'a call with a letter too many',
      () => redis.client.zadd(`${INDEX}letters:by-call`, 0, 'thread:call-1\0e.nobody'),
    ],
    ['one entry missing', () => redis.client.hdel(`${INDEX}letters`, 'e.422-3')],
    ['one letter not indexed at all', () => redis.client.zrem(`${INDEX}indexed`, 'e.422-3')],
    ['an entry garbled', () => redis.client.hset(`${INDEX}letters`, 'e.422-3', '{oops')],
    [
      'a cause garbled',
      async () =>
        redis.client.hset(
          `${INDEX}causes`,
          Object.keys(await redis.client.hgetall(`${INDEX}causes`))[0] ?? '',
          '[',
        ),
    ],
    [
      'a letter that is none in a cause',
      async () => redis.client.zadd((await keysOf('cause:http_400*'))[0] ?? '', 1, 'e.nobody'),
    ],
  ];

  it.each(BREAKAGES)('%s', async (_, breakIt) => {
    await breakIt();
    expect(await ids({ reason: 'http_422' })).toHaveLength(20);
    expect(await ids({ thread: 'call-1' })).toEqual(['422-2', '422-3']);
    expect(await causes()).toEqual(CAUSES);
  });

  it('is made anew on request', async () => {
    await redis.client.del(...(await keysOf('*')));
    expect(await reindexDeadLetters(redis.client, CHANNEL)).toBe(30);
    expect(await redis.client.zcard(`${INDEX}indexed`)).toBe(30);
  });
});

it('a letter that dies again after a replay is found as replayed', async () => {
  const replayer = createReplayer({ redis: redis.client, channel: CHANNEL, now: Date.now });
  expect(await replayer.replay('e.422-3')).toBe('replayed');
  expect(await causes()).toEqual([CAUSES[0]?.replace('20', '19'), CAUSES[1]]);
  const again = startConsumer();
  await eventually(async () => expect(await deadCount()).toBe(30));
  expect(await ids({ replayed: 'any' })).toEqual(['422-3']);
  expect(await causes()).toEqual(CAUSES);
  await again.stop(0);
  await replayer.close();
});

it('a discarded letter is gone, and its id is free for the producer to send anew', async () => {
  const discarder = createDiscarder({ redis: redis.client, channel: CHANNEL });
  expect(await discarder.discard('e.422-3')).toBe('discarded');
  expect(await discarder.discard('e.422-3')).toBe('not_dead');
  expect(await ids({ ids: ['422-3'] })).toEqual([]);
  expect(await causes()).toEqual([CAUSES[0]?.replace('20', '19'), CAUSES[1]]);
  const queue = createCallEventQueue({ redis: redis.url });
  expect(await queue.send(sampleEvent({ id: '422-3' }))).toMatchObject({ status: 'accepted' });
  await queue.close();
  await discarder.close();
});

it('letters of before there was an index, or of a producer without us, are found too', async () => {
  await redis.client.del(...(await redis.client.keys(`${INDEX}*`)));
  const plain = new Queue('{voice-default}', { connection: redis.connect() });
  await plain.add('call-event', sampleEvent({ id: '422-plain', thread_id: 'plain-call' }));
  const again = startConsumer();
  await eventually(async () => expect(await deadCount()).toBe(31));
  expect(await ids({ thread: 'plain-call' })).toEqual(['422-plain']);
  expect((await causes())[0]).toBe(CAUSES[0]?.replace('20', '21'));
  await again.stop(0);
  await plain.close();
});
