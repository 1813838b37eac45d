import { startRedis, type TestRedis } from '@callpost/testkit';
import { Queue } from 'bullmq';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import {
  type ChannelConsumer,
  type DeadLetter,
  type Deliver,
  readChannelStatus,
  readDeadLetters,
} from '../src/index.js';
import { startTestConsumer, type TestConsumerOptions } from './test-consumer.js';

/* What the tests of consuming share: one Redis for a file, a producer that knows nothing of Callpost, and consumers. */

export let redis: TestRedis;
/** Any BullMQ client of the channel `default`. */
export let plain: Queue;
export const consumers: ChannelConsumer[] = [];

beforeAll(async () => {
  redis = await startRedis();
});
beforeEach(() => {
  plain = new Queue('{voice-default}', { connection: redis.connect() });
  plain.on('error', () => undefined);
});
afterEach(async () => {
  await Promise.all(consumers.splice(0).map((consumer) => consumer.stop(0)));
  await plain.close();
  await redis.client.flushall();
});
afterAll(() => redis.stop());

export function consume(deliver: Deliver, options: Partial<TestConsumerOptions> = {}): ChannelConsumer {
  const consumer = startTestConsumer(redis, { deliver, ...options });
  consumers.push(consumer);
  return consumer;
}

export const counts = async () => (await readChannelStatus(redis.client, 'default')).counts;

export async function letters(): Promise<DeadLetter[]> {
  const found: DeadLetter[] = [];
  for await (const letter of readDeadLetters(redis.client, 'default')) found.push(letter);
  return found;
}
