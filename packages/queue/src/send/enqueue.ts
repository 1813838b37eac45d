import type { CallEvent } from '@callpost/domain';
import { createIORedisClient, type IRedisClient, type IRedisTransaction, Job, type Queue } from 'bullmq';
import { JOB_NAME, jobIdOf, queueKey } from '../names.js';
import type { RedisConnection } from '../redis.js';

export interface StampedEvent {
  readonly event: CallEvent;
  /** Unix ms; its fraction orders events of the same millisecond, see `order-stamp.ts`. */
  readonly timestamp: number;
}

export interface EnqueueOptions {
  readonly channel: string;
  /** How long the id is remembered, so that a second event with it is a duplicate. */
  readonly dedupWindowMs: number;
}

/**
 * Puts events into the channel's queue, all or none, in one MULTI. Per event it is two commands: look whether the id
 * is already known, then BullMQ's own script, which adds the job or, for a known id, does nothing. Only because both
 * are in one transaction is `duplicate` certain: BullMQ's script gives the id back either way.
 *
 * A place in the lane of the call is to be taken in this same transaction.
 *
 * @returns for each event whether its id was already known
 */
export async function enqueueAll(
  queue: Queue,
  redis: RedisConnection,
  events: readonly StampedEvent[],
  options: EnqueueOptions,
): Promise<boolean[]> {
  const client: IRedisClient = createIORedisClient(redis);
  const transaction = client.multi();
  await Promise.all(events.map((stamped) => addToTransaction(transaction, queue, stamped, options)));
  const replies = await transaction.exec();
  if (replies === null) throw new Error('the transaction was discarded');
  const failed = replies.find(([error]) => error !== null)?.[0];
  if (failed) throw failed;
  return events.map((_, index) => Number(replies[2 * index]?.[1]) > 0);
}

async function addToTransaction(
  transaction: IRedisTransaction,
  queue: Queue,
  { event, timestamp }: StampedEvent,
  { channel, dedupWindowMs }: EnqueueOptions,
): Promise<void> {
  const jobId = jobIdOf(event.id);
  transaction.runCommand('exists', [queueKey(channel, jobId), rememberedKey(channel, jobId)]);
  const deduplication = { id: jobId, ttl: dedupWindowMs };
  const job = new Job(queue, JOB_NAME, event, { timestamp, deduplication }, jobId);
  // Resolves to the transaction itself: the command is queued before the first await inside, so the order above holds.
  await job.addJob(transaction);
}

/** BullMQ's deduplication key of a job. It outlives the job: by it a delivered event is remembered. */
export function rememberedKey(channel: string, jobId: string): string {
  return queueKey(channel, `de:${jobId}`);
}
