import { Job, Queue } from 'bullmq';
import { JOB_NAME, queueKey, queueName } from '../names.js';
import type { RedisConnection } from '../redis.js';
import { unindexLetters } from './letter-index.js';

/** `not_dead`: the letter was replayed, discarded or never there; nothing was changed. */
export type DiscardAnswer = 'discarded' | 'not_dead';

export interface Discarder {
  /** Removes a dead letter for good, with its evidence. Its event id is free again: the producer may send it anew. */
  discard(jobId: string): Promise<DiscardAnswer>;
  close(): Promise<void>;
}

export function createDiscarder({ redis, channel }: { redis: RedisConnection; channel: string }): Discarder {
  const queue = new Queue(queueName(channel), { connection: redis });
  queue.on('error', () => undefined);

  async function discard(jobId: string): Promise<DiscardAnswer> {
    if ((await redis.zscore(queueKey(channel, 'failed'), jobId)) === null) return 'not_dead';
    const deduplicationKey = await redis.hget(queueKey(channel, jobId), 'deid');
    // A shell of the job: removing needs only its id, and its data may not even be readable.
    await new Job(queue, JOB_NAME, null, {}, jobId).remove();
    if (deduplicationKey !== null) await queue.removeDeduplicationKey(deduplicationKey);
    await unindexLetters(redis, channel, [jobId]);
    return 'discarded';
  }

  return { discard, close: () => queue.close() };
}
