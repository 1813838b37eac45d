import { type EventQueue, openEventQueue } from '../event-queue.js';
import type { RedisConnection } from '../redis.js';
import { type Home, readLayout } from '../shards/layout.js';
import { enqueueAll, type StampedEvent } from './enqueue.js';
import { createPaths, type Walk } from './paths.js';

export interface OpenPaths {
  readonly walk: Walk;
  close(): Promise<void>;
}

/** The paths of a channel over a connection: a queue of BullMQ's for each home, opened when the first event goes there. */
export async function openPaths(redis: RedisConnection, channel: string): Promise<OpenPaths> {
  const queues = new Map<Home, Promise<EventQueue>>();

  function queueOf(home: Home): Promise<EventQueue> {
    const opening = queues.get(home) ?? open(home);
    queues.set(home, opening);
    return opening;
  }

  async function open(home: Home): Promise<EventQueue> {
    const queue = openEventQueue(redis, home);
    try {
      await queue.waitUntilReady();
      return queue;
    } catch (error) {
      queues.delete(home);
      throw error;
    }
  }

  const walk = createPaths({
    channel,
    layout: await readLayout(redis, channel),
    readLayout: () => readLayout(redis, channel),
    async add(home, entry, events: readonly StampedEvent[]) {
      return await enqueueAll(await queueOf(home), redis, entry, events);
    },
  });

  return {
    walk,
    async close() {
      const opened = await Promise.allSettled(queues.values());
      await Promise.all(
        opened.map((queue) => (queue.status === 'fulfilled' ? queue.value.close() : undefined)),
      );
    },
  };
}
