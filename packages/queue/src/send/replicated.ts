import { Cluster } from 'ioredis';
import { queueKey } from '../names.js';
import type { RedisConnection } from '../redis.js';
import type { Home } from '../shards/layout.js';
import type { Outcome } from './paths.js';

/**
 * What an acknowledgement says. `memory`: the Redis that was asked has the event, and writes it to disk as its
 * `appendfsync` says; should a replica take over before it was told, the event is lost. `replica`: at least one replica
 * has it too, so that a failover to that replica keeps it.
 */
export type Durability = 'memory' | 'replica';

/** For each event whether a replica has it as well. In a cluster each home is asked for: it may be on another server. */
export async function replicateAll(
  redis: RedisConnection,
  outcomes: readonly Outcome[],
  timeoutMs: number,
): Promise<Outcome[]> {
  const homes = new Set(outcomes.flatMap((outcome) => ('home' in outcome ? [outcome.home] : [])));
  const whyNot = new Map<Home, unknown>();
  async function ask(home: Home, spokenFor: Iterable<Home>): Promise<void> {
    try {
      await replicate(redis, home, timeoutMs);
    } catch (error) {
      for (const one of spokenFor) whyNot.set(one, error);
    }
  }
  const [first] = homes;
  if (redis instanceof Cluster) await Promise.all([...homes].map((home) => ask(home, [home])));
  else if (first !== undefined) await ask(first, homes);
  return outcomes.map((outcome) =>
    'home' in outcome && whyNot.has(outcome.home) ? { error: whyNot.get(outcome.home) } : outcome,
  );
}

/**
 * Waits until a replica has all that was written so far. The key is of the home's own slot, and is written to: WAIT counts
 * from the last write of its connection, which after a new connection, or for a duplicate, would be none; and in a cluster
 * the key leads to the server that has the events.
 *
 * @throws Error when no replica confirmed it in time
 */
async function replicate(redis: RedisConnection, home: Home, timeoutMs: number): Promise<void> {
  const key = queueKey(home, 'callpost:replicated');
  const replies = await redis.pipeline().set(key, '1').wait(1, timeoutMs).exec();
  const [error, replicas] = replies?.[1] ?? [new Error('no reply to WAIT')];
  if (error) throw error;
  if (Number(replicas) >= 1) return;
  throw new Error(`Redis has the event, but no replica confirmed it within ${timeoutMs} ms`);
}
