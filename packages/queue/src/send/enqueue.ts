import { type CallEvent, callKey } from '@callpost/domain';
import { createIORedisClient } from 'bullmq';
import type { EventQueue } from '../event-queue.js';
import { jobIdOf } from '../names.js';
import type { RedisConnection } from '../redis.js';
import type { SendSpan } from './send-tracing.js';

export interface StampedEvent {
  readonly event: CallEvent;
  /** Unix ms; its fraction orders events of the same millisecond, see `order-stamp.ts`. */
  readonly timestamp: number;
  /** Of a producer that traces: rides with the event to the attempts at it. */
  readonly span?: SendSpan;
}

/**
 * Puts events into the channel's queue, all or none, with one script: BullMQ's own for each, and within it a place in the
 * lane of the event's call. Only because both are one is `duplicate` certain.
 *
 * @returns for each event whether its id was already known
 */
export function enqueueAll(
  queue: EventQueue,
  redis: RedisConnection,
  events: readonly StampedEvent[],
): Promise<boolean[]> {
  return queue.backend.addTogether(
    createIORedisClient(redis),
    events.map(({ event, timestamp, span }) => ({
      id: jobIdOf(event.id),
      data: JSON.stringify(event),
      timestamp,
      call: callKey(event),
      ...(span === undefined ? {} : { trace: span.carrier }),
    })),
  );
}
