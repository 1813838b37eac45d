import { eventually, sampleEvents, startRedis } from '@callpost/testkit';
import { expect, it } from 'vitest';
import { createCallEventQueue } from '../src/index.js';
import { DELIVERED, startTestConsumer } from './test-consumer.js';

it('a Redis that refuses writes is asked now and then, not all the time, and delivery goes on when it takes them', async () => {
  const redis = await startRedis();
  const queue = createCallEventQueue({ redis: redis.url });
  await queue.sendMany(sampleEvents(20));
  await redis.client.config('SET', 'maxmemory', '1mb');
  await redis.client.config('RESETSTAT');
  const delivered = new Set<string>();
  let errors = 0;
  const consumer = startTestConsumer(redis, {
    deliver: async ({ jobId }) => {
      delivered.add(jobId);
      return DELIVERED;
    },
    observer: {
      onError: () => {
        errors += 1;
      },
    },
  });
  await eventually(() => expect(errors).toBeGreaterThanOrEqual(2));
  const info = await redis.client.info('commandstats');
  const scripts = [...info.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)].map(([, calls]) => Number(calls));
  expect(scripts.reduce((sum, calls) => sum + calls, 0)).toBeLessThan(50);
  await redis.client.config('SET', 'maxmemory', '0');
  await eventually(() => expect(delivered.size).toBe(20));
  await consumer.stop(0);
  await queue.close();
  await redis.stop();
});
