import { countDeadLetters } from '@callpost/queue';
import {
  eventually,
  type PlantedLetter,
  sampleEvent,
  startRedis,
  type TestRedis,
  writeDeadLetters,
} from '@callpost/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { jsonLines, run, startWorker } from './harness.js';

/* A channel that is divided into two shards, and was one queue before: whoever asks sees one channel. */

let redis: TestRedis;
const workers: Awaited<ReturnType<typeof startWorker>>[] = [];
const DIED_MS = Date.parse('2026-11-23T02:00:00Z');

const letter = (id: string, call: string, minute: number): PlantedLetter => ({
  event: sampleEvent({ id, thread_id: call }),
  reason: 'http_422',
  status: 422,
  excerpt: 'phone is invalid',
  atMs: DIED_MS + minute * 60_000,
});

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
beforeEach(async () => {
  const layout = { generation: DIED_MS, shards: 2, former: [1] };
  await redis.client.set('bull:{voice-default}:callpost:layout', JSON.stringify(layout));
  await redis.client.sadd('callpost:channels', 'default');
  await writeDeadLetters(redis.client, [letter('a1', 'call-a', 1), letter('b1', 'call-b', 2)], 'default');
  await writeDeadLetters(redis.client, [letter('a2', 'call-a', 3), letter('c1', 'call-c', 4)], 'default.0');
  await writeDeadLetters(redis.client, [letter('b2', 'call-b', 5), letter('d1', 'call-d', 6)], 'default.1');
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.stop()));
  await redis.client.flushall();
});

const callpost = (...args: string[]) => run(args, { redis: redis.url, nowMs: DIED_MS + 3_600_000 });

test('status: one row, with what is in all of its queues', async () => {
  const { stdout } = await callpost('status');
  expect(stdout).toBe(
    [
      'CHANNEL  STATE    WAITING  IN FLIGHT  RETRYING  PARKED  DEAD  OLDEST WAIT  OLDEST DEAD',
      'default  flowing        0          0         0       0     6            -          59m',
      '',
    ].join('\n'),
  );
});

test('dlq: letters newest first, page by page; one cause; each is found by its id', async () => {
  const listed = jsonLines((await callpost('dlq', 'list', '-o', 'ndjson')).stdout);
  expect(listed.map(({ eventId }) => eventId)).toEqual(['d1', 'b2', 'c1', 'a2', 'b1', 'a1']);
  expect(new Set(listed.map(({ channel }) => channel))).toEqual(new Set(['default']));
  const page = JSON.parse((await callpost('dlq', 'list', '--limit', '4', '-o', 'json')).stdout);
  const next = ['--limit', '4', '--cursor', page.cursor, '-o', 'ndjson'];
  expect(jsonLines((await callpost('dlq', 'list', ...next)).stdout).map(({ eventId }) => eventId)).toEqual([
    'b1',
    'a1',
  ]);
  const causes = jsonLines((await callpost('dlq', 'causes', '-o', 'ndjson')).stdout);
  expect(causes).toMatchObject([{ count: 6 }]);
  for (const id of ['a1', 'c1', 'b2']) expect((await callpost('dlq', 'show', id)).exit).toBe(0);
});

test('dlq: letters are discarded wherever they are', async () => {
  const { exit } = await callpost('dlq', 'discard', '--thread', 'call-a', '--yes', '--comment', 'OPS-1');
  expect(exit).toBe(0);
  expect(await countDeadLetters(redis.client, 'default')).toBe(4);
  expect((await callpost('dlq', 'reindex', '--channel', 'default')).exit).toBe(0);
});

test('replay: each letter is delivered once, and those of a call in order', async () => {
  const delivered: string[] = [];
  const deliver = ({ id }: { id: string }) => {
    delivered.push(id);
    return 'delivered' as const;
  };
  workers.push(await startWorker(redis.url, deliver, 2));
  const started = await run(
    ['replay', 'start', '--all', '--comment', 'OPS-1', '--yes', '--wait', '-o', 'ndjson'],
    { redis: redis.url },
  );
  expect(started.exit).toBe(0);
  await eventually(() => expect(delivered).toHaveLength(6));
  expect([...delivered].sort()).toEqual(['a1', 'a2', 'b1', 'b2', 'c1', 'd1']);
  expect(delivered.indexOf('a1')).toBeLessThan(delivered.indexOf('a2'));
  expect(delivered.indexOf('b1')).toBeLessThan(delivered.indexOf('b2'));
  expect(await countDeadLetters(redis.client, 'default')).toBe(0);
}, 30_000);
