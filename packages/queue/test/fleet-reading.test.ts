import { eventually, sampleEvent, sampleEvents } from '@callpost/testkit';
import { expect, it } from 'vitest';
import { createCallEventQueue, readChannel, readRedisMemory, type Settlement } from '../src/index.js';
import { consume, consumers, plain, redis } from './consume-stage.js';
import { retryNow } from './test-consumer.js';

const read = () => readChannel(redis.client, 'default');

it('counts what Callpost and other producers hand over, and what they were turned away with', async () => {
  const queue = createCallEventQueue({ redis: redis.url });
  await queue.sendMany(sampleEvents(3));
  await queue.sendMany([...sampleEvents(2), { id: 'no event' }]);
  await plain.add('call-event', sampleEvent({ id: 'foreign' }), { jobId: 'foreign-1' });
  await queue.close();
  expect((await read()).enqueued).toEqual({ accepted: 4, duplicate: 2, invalid: 1 });
});

it('still counts events that were delivered and are gone', async () => {
  const queue = createCallEventQueue({ redis: redis.url });
  await queue.sendMany(sampleEvents(20));
  await queue.close();
  consume(async () => ({ outcome: 'delivered' }));
  await eventually(async () => (await read()).status.counts.waiting === 0);
  expect((await read()).enqueued.accepted).toBe(20);
});

it('counts invalid events of a producer that never sent a valid one', async () => {
  const queue = createCallEventQueue({ redis: redis.url });
  await queue.send({});
  await queue.close();
  expect((await read()).enqueued).toEqual({ accepted: 0, duplicate: 0, invalid: 1 });
});

it('knows the oldest event that is being retried, and when the next retry is due', async () => {
  expect(await read()).toMatchObject({
    oldestRetryingAtMs: null,
    oldestParkedAtMs: null,
    nextRetryAtMs: null,
  });
  const retryAtMs = Date.now() + 60_000;
  await plain.add('call-event', sampleEvent({ id: 'old' }), { jobId: 'old', timestamp: 1_600_000_000_000 });
  await plain.add('call-event', sampleEvent({ id: 'new' }), { jobId: 'new' });
  consume(async (taken) => ({ ...retryNow(taken), retryAtMs }) as Settlement);
  await eventually(async () => (await read()).status.counts.retrying === 2);
  await Promise.all(consumers.splice(0).map((consumer) => consumer.stop(0)));
  const { oldestRetryingAtMs, nextRetryAtMs } = await read();
  expect(oldestRetryingAtMs).toBe(1_600_000_000_000);
  expect(Math.abs((nextRetryAtMs ?? 0) - retryAtMs)).toBeLessThan(1_000);
});

it('takes for waiting what was never attempted, not a retry that has just become due', async () => {
  await plain.add('call-event', sampleEvent({ id: 'old' }), { jobId: 'old', timestamp: 1_600_000_000_000 });
  consume(async (taken) => retryNow(taken));
  await eventually(async () => (await redis.client.hget('bull:{voice-default}:old', 'atm')) !== null);
  await Promise.all(consumers.splice(0).map((consumer) => consumer.stop(0)));
  // Whether the retry is due by now or not, it is not what waits.
  expect((await read()).waitingSinceMs).toBeNull();
  await plain.add('call-event', sampleEvent({ id: 'new' }), { jobId: 'new', timestamp: 1_700_000_000_000 });
  expect((await read()).waitingSinceMs).toBe(1_700_000_000_000);
});

it('knows the age of what waits for an earlier event of its call', async () => {
  const startedAtMs = Date.now();
  const queue = createCallEventQueue({ redis: redis.url });
  await queue.sendMany(['a', 'b', 'c'].map((id) => sampleEvent({ id, thread_id: 'one-call' })));
  await queue.close();
  const { status, oldestParkedAtMs } = await read();
  expect(status.counts).toMatchObject({ waiting: 1, parked: 2 });
  expect(oldestParkedAtMs).toBeGreaterThanOrEqual(startedAtMs);
  expect(oldestParkedAtMs).toBeLessThanOrEqual(Date.now());
});

it('reads how full Redis is, against its own limit or that of the machine', async () => {
  const unlimited = await readRedisMemory(redis.client);
  expect(unlimited.limitBytes).toBeGreaterThan(unlimited.usedBytes);
  await redis.client.config('SET', 'maxmemory', '100mb');
  expect(await readRedisMemory(redis.client)).toMatchObject({ limitBytes: 100 * 1_048_576 });
  await redis.client.config('SET', 'maxmemory', '0');
});
