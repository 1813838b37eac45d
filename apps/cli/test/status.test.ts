import { createCallEventQueue } from '@callpost/queue';
import { sampleEvent, sampleEvents, startRedis, type TestRedis } from '@callpost/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { makeDeadLetters, run, startRun } from './harness.js';

let redis: TestRedis;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
beforeEach(async () => {
  await redis.client.flushall();
});

const ENQUEUED_AT_MS = Date.parse('2026-11-23T02:00:00Z');

async function enqueue(count: number, channel: string): Promise<void> {
  const queue = createCallEventQueue({ redis: redis.url, channel, now: () => ENQUEUED_AT_MS });
  await queue.sendMany(sampleEvents(count));
  await queue.close();
}

test('before there is a channel it says so, in every form', async () => {
  const table = await run(['status'], { redis: redis.url });
  expect(table).toMatchObject({ exit: 0, stderr: '' });
  expect(table.stdout).toMatch(/^No channel yet: .*\n$/);
  expect(JSON.parse((await run(['status', '-o', 'json'], { redis: redis.url })).stdout)).toEqual({
    channels: [],
    total: null,
  });
  expect((await run(['status', '-o', 'ndjson'], { redis: redis.url })).stdout).toBe('');
});

test('one row for a channel, without a total', async () => {
  await enqueue(1_234, 'support');
  const { stdout } = await run(['status'], { redis: redis.url, nowMs: ENQUEUED_AT_MS + 192_000 });
  expect(stdout).toBe(
    [
      'CHANNEL  STATE    WAITING  IN FLIGHT  RETRYING  PARKED  DEAD  OLDEST WAIT  OLDEST DEAD',
      'support  flowing      247          0         0     987     0       3m 12s            -',
      '',
    ].join('\n'),
  );
});

test('several channels, also those that are only configured, add up to a total', async () => {
  await enqueue(2, 'billing');
  await makeDeadLetters(redis.url, [{ event: sampleEvent({ id: 'dead' }) }], 'support');
  const options = { redis: redis.url, env: { REAMAZE_SHARED_SECRET: 's3cret' }, nowMs: Date.now() + 60_000 };
  const table = await run(['status'], options);
  expect(table.stdout).toMatch(
    /^CHANNEL.*\nbilling +flowing +1 .* 1 .*\ndefault +flowing +0 .*\nsupport +flowing +0 .* 1 .*\ntotal +- +1 .* 1 .* 1 .*\n$/,
  );
  const { channels, total } = JSON.parse((await run(['status', '-o', 'json'], options)).stdout);
  expect(channels.map((row: { channel: string }) => row.channel)).toEqual(['billing', 'default', 'support']);
  expect(channels[0]).toEqual({
    channel: 'billing',
    state: 'flowing',
    waiting: 1,
    inFlight: 0,
    retrying: 0,
    parked: 1,
    dead: 0,
    oldestWaitingAgeMs: options.nowMs - ENQUEUED_AT_MS,
    oldestDeadAgeMs: null,
  });
  expect(total).toMatchObject({ channel: 'total', waiting: 1, parked: 1, dead: 1 });
  const { stdout } = await run(['status', '-o', 'ndjson'], options);
  expect(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual(channels);
});

test('--channel narrows it down, and a name that nobody knows is no match', async () => {
  await enqueue(1, 'billing');
  await enqueue(1, 'support');
  const { stdout } = await run(['status', '--channel', 'billing'], { redis: redis.url });
  expect(stdout.split('\n')).toHaveLength(3);
  expect(await run(['status', '--channel', 'suport'], { redis: redis.url })).toEqual({
    exit: 3,
    stdout: '',
    stderr: 'callpost: no channel suport in this Redis; there is: billing, support\n',
  });
});

test('--watch goes on until it is interrupted', async () => {
  await enqueue(1, 'support');
  const interrupt = new AbortController();
  const { running, output } = startRun(['status', '--watch', '1', '-o', 'ndjson'], {
    redis: redis.url,
    interrupted: interrupt.signal,
  });
  await expect.poll(() => output().stdout.split('\n').length, { timeout: 10_000 }).toBeGreaterThan(2);
  interrupt.abort();
  expect(await running).toBe(130);
});
