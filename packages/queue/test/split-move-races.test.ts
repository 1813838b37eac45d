import { eventually } from '@callpost/testkit';
import { Job } from 'bullmq';
import { describe, expect, it } from 'vitest';
import { openEventQueue } from '../src/event-queue.js';
import { createDiscarder, type RedisConnection, readDeadLetters } from '../src/index.js';
import { letterKeys } from '../src/letters/letter-keys.js';
import { queueKey } from '../src/names.js';
import { prepareReplay } from '../src/replay/prepare-replay.js';
import { bringHome } from '../src/shards/bring-home.js';
import { bringLetter } from '../src/shards/bring-letter.js';
import { tellHomes } from '../src/shards/change-layout.js';
import { homes, type Layout, layoutKey } from '../src/shards/layout.js';
import { CHANNEL, consumeAt, deadAt, divide, hooked, idOf, redis, runs } from './split-stage.js';
import { DELIVERED } from './test-consumer.js';

/* What happens to a letter between the steps of a move. */

const OLD = 'default';
const LETTER = { call: 'call-1', atMs: 1_700_000_000_000 };
const STEPS = { copied: 'isKnown', removed: 'remove(unpack' } as const;

async function left(): Promise<string[]> {
  const jobIds: string[] = [];
  for await (const { jobId } of readDeadLetters(redis.client, CHANNEL)) jobIds.push(jobId);
  return jobIds;
}

/** A mover's connection: `happen` is called once, just before its letter is copied, or removed. */
function before(step: keyof typeof STEPS, happen: () => Promise<unknown>): RedisConnection {
  let isDone = false;
  return hooked((name, [script]) => {
    if (isDone || name !== 'eval' || !String(script).includes(STEPS[step])) return undefined;
    isDone = true;
    return happen();
  });
}

it('discarded just before it is copied, it does not come back', async () => {
  const layout = await divide(3, [1]);
  await deadAt(OLD, 'a', LETTER);
  const { discard } = createDiscarder({ channel: CHANNEL, redis: redis.client });
  const mover = before('copied', async () => expect(await discard('e.a', LETTER.atMs)).toBe('discarded'));
  await bringHome(mover, CHANNEL, layout);
  expect(await left()).toEqual([]);
});

describe.each(['copied', 'removed'] as const)('replayed just before it is %s', (step) => {
  it('it leaves no dead copy, and is delivered once', async () => {
    const layout = await divide(3, [1]);
    await deadAt(OLD, 'a', LETTER);
    // Prepared by whoever knows of no division yet.
    const prepared = await prepareReplay(redis.client, {
      home: OLD,
      generation: 0,
      jobId: 'e.a',
      diedAt: String(LETTER.atMs),
      marks: JSON.stringify({ replays: 1 }),
      edited: null,
      call: 'thread:call-1',
      mustBeInOrder: true,
      run: undefined,
    });
    expect(prepared).toBe('replayed');
    await tellHomes(redis.client, CHANNEL, layout);
    const queue = openEventQueue(redis.client, OLD);
    runs({ stop: () => queue.close() });
    const mover = before(step, async () => {
      const job = new Job<unknown>(queue, 'call-event', null, {}, 'e.a');
      await job.retry('failed', { resetAttemptsMade: true, resetAttemptsStarted: true });
    });
    await bringHome(mover, CHANNEL, layout);
    const delivered: string[] = [];
    for (const home of [OLD, ...homes(CHANNEL, 3)]) {
      consumeAt(home, (taken) => {
        delivered.push(idOf(taken));
        return DELIVERED;
      });
    }
    await eventually(async () => expect(await redis.client.exists(queueKey(OLD, 'e.a'))).toBe(0));
    await bringHome(redis.client, CHANNEL, layout);
    expect([await left(), delivered]).toEqual([[], ['a']]);
  });
});

it('an entry of the failed set without a job behind it does not stand for it', async () => {
  const layout = await divide(1, [2]);
  await redis.client.zadd(letterKeys('default').failed, LETTER.atMs, 'e.a');
  await deadAt('default.1', 'a', LETTER);
  await bringHome(redis.client, CHANNEL, layout);
  expect(await left()).toEqual(['e.a']);
  expect(await redis.client.exists(queueKey('default', 'e.a'))).toBe(1);
});

it('several who move the same letters leave no such entry', async () => {
  const layout = await divide(2, [4]);
  const ids = Array.from({ length: 4_000 }, (_, index) => `a-rather-long-event-id-as-uuids-are-${index}`);
  await Promise.all(ids.map((id) => deadAt('default.3', id, { call: `call-of-${id}` })));
  await Promise.all([1, 2, 3].map(() => bringHome(redis.connect(), CHANNEL, layout)));
  expect(await left()).toHaveLength(ids.length);
  expect(await redis.client.zcard(letterKeys('default').failed)).toBe(0);
}, 30_000);

it('it is not moved to what is a home no more, by whoever was frozen until then', async () => {
  const seen: Layout = { generation: 5, shards: 2, former: [] };
  await divide(1);
  await tellHomes(redis.client, CHANNEL, { generation: 6, shards: 1, former: [2] });
  await redis.client.set(layoutKey(CHANNEL), JSON.stringify({ generation: 7, shards: 1, former: [] }));
  await deadAt('default', 'a', LETTER);
  await bringLetter(redis.client, CHANNEL, seen, { jobId: 'e.a', edited: undefined });
  expect(await left()).toEqual(['e.a']);
});
