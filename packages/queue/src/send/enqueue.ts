import { createIORedisClient } from 'bullmq';
import type { Added, Entry } from '../event-backend.js';
import type { EventQueue } from '../event-queue.js';
import { jobIdOf } from '../names.js';
import type { RedisConnection } from '../redis.js';
import type { SendSpan } from './send-tracing.js';

export interface StampedEvent {
  readonly id: string;
  /** The event as JSON, with its `created_at`. */
  readonly data: string;
  /** Key of its call. */
  readonly call: string;
  /** Unix ms; its fraction orders events of the same millisecond, see `order-stamp.ts`. */
  readonly timestamp: number;
  /** Of a producer that traces: rides with the event to the attempts at it. */
  readonly span?: SendSpan;
}

/**
 * Puts events into one queue, all or none, with one script: each as BullMQ would, and in the lane of its call. Only because
 * both are one is `duplicate` certain.
 *
 * @returns for each event what became of it; or `stale`, and nothing was added
 */
export function enqueueAll(
  queue: EventQueue,
  redis: RedisConnection,
  entry: Entry,
  events: readonly StampedEvent[],
): Promise<Added[] | 'stale'> {
  return queue.backend.addTogether(
    createIORedisClient(redis),
    entry,
    events.map(({ id, data, call, timestamp, span }) => ({
      id: jobIdOf(id),
      data,
      timestamp,
      call,
      ...(span === undefined ? {} : { trace: span.carrier }),
    })),
  );
}
