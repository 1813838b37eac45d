import type { RedisConnection } from '../redis.js';

/**
 * What an acknowledgement says. `memory`: the Redis that was asked has the event, and writes it to disk as its
 * `appendfsync` says; should a replica take over before it was told, the event is lost. `replica`: at least one replica
 * has it too, so that a failover to that replica keeps it.
 */
export type Durability = 'memory' | 'replica';

/**
 * Waits until a replica has all that was written so far.
 *
 * @param key of the channel's own slot, to be written to: WAIT counts from the last write of its connection, which after
 *   a new connection, or for a duplicate, would be none; and in a cluster the key leads to the server that has the events
 * @returns false when no replica confirmed it in time
 */
export async function isReplicated(redis: RedisConnection, key: string, timeoutMs: number): Promise<boolean> {
  const replies = await redis.pipeline().set(key, '1').wait(1, timeoutMs).exec();
  const [error, replicas] = replies?.[1] ?? [new Error('no reply to WAIT')];
  if (error) throw error;
  return Number(replicas) >= 1;
}
