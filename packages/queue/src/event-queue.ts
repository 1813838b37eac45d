import { type BackendFactory, createIORedisClient, Queue, QueueKeys, RedisConnection } from 'bullmq';
import { EventBackend } from './event-backend.js';
import { defineLaneCommands } from './lanes/lane-commands.js';
import { queueName } from './names.js';
import type { RedisConnection as Redis } from './redis.js';
import type { Home } from './shards/layout.js';

/** How many of BullMQ's own event notices Redis keeps for a queue; Callpost reads none of them. */
const KEPT_QUEUE_NOTICES = 1_000;

/** For BullMQ's Queue and Worker, over a connection made by `connectRedis`, which stays its maker's. */
export const createEventBackend: BackendFactory<EventBackend> = (
  name,
  options,
  { withBlockingConnection } = {},
) => {
  const client = createIORedisClient(options.connection as Redis);
  defineLaneCommands(options.connection as Redis);
  const keys = new QueueKeys();
  return new EventBackend(
    new RedisConnection(client, { shared: true, blocking: false }),
    name,
    keys.getKeys(name),
    (type) => keys.toKey(name, type),
    options,
    withBlockingConnection
      ? new RedisConnection(client.duplicate(), { shared: false, blocking: true })
      : undefined,
  );
};

/** The queue of a home, to put events into it or letters back. */
export function openEventQueue(redis: Redis, home: Home) {
  const queue = new Queue(
    queueName(home),
    { connection: redis, streams: { events: { maxLen: KEPT_QUEUE_NOTICES } } },
    createEventBackend,
  );
  // Whoever uses the queue gets the error from what they asked; without a listener Node would end the process.
  queue.on('error', () => undefined);
  return queue;
}

export type EventQueue = ReturnType<typeof openEventQueue>;
