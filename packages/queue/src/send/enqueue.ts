import { type CallEvent, callKey } from '@callpost/domain';
import { createIORedisClient, type IRedisClient, Job } from 'bullmq';
import type { EventQueue } from '../event-backend.js';
import { JOB_NAME, jobIdOf, queueKey } from '../names.js';
import type { RedisConnection } from '../redis.js';
import type { SendSpan } from './send-tracing.js';

export interface StampedEvent {
  readonly event: CallEvent;
  /** Unix ms; its fraction orders events of the same millisecond, see `order-stamp.ts`. */
  readonly timestamp: number;
  /** Of a producer that traces: rides with the event to the attempts at it. */
  readonly span?: SendSpan;
}

export interface EnqueueOptions {
  /** How long the id is remembered, so that a second event with it is a duplicate. */
  readonly dedupWindowMs: number;
}

/**
 * Puts events into the channel's queue, all or none, in one MULTI of one script an event: BullMQ's own, and within it a
 * place in the lane of the event's call. Only because both are one is `duplicate` certain.
 *
 * @returns for each event whether its id was already known
 */
export async function enqueueAll(
  queue: EventQueue,
  redis: RedisConnection,
  events: readonly StampedEvent[],
  { dedupWindowMs }: EnqueueOptions,
): Promise<boolean[]> {
  const client: IRedisClient = createIORedisClient(redis);
  const transaction = client.multi();
  await Promise.all(
    events.map(({ event, timestamp, span }) => {
      const id = jobIdOf(event.id);
      const telemetry = span === undefined ? {} : { telemetry: { metadata: span.carrier } };
      const options = { timestamp, deduplication: { id, ttl: dedupWindowMs }, ...telemetry };
      const job = new Job(queue, JOB_NAME, event, options, id);
      return queue.backend.addInLane(transaction, { ...job.asJSON(), call: callKey(event) });
    }),
  );
  const replies = await transaction.exec();
  if (replies === null) throw new Error('the transaction was discarded');
  const failed = replies.find(([error]) => error !== null)?.[0];
  if (failed) throw failed;
  return replies.map(([, reply]) => reply === 0);
}

/** BullMQ's deduplication key of a job. It outlives the job: by it a delivered event is remembered. */
export function rememberedKey(channel: string, jobId: string): string {
  return queueKey(channel, `de:${jobId}`);
}
