import { queueKey } from '../names.js';
import type { RedisConnection } from '../redis.js';
import type { Home, Layout } from './layout.js';

/** Hash: home → how many events it had accepted when it ended. Absent while no home of the channel has ended. */
function endedCountsKey(channel: string): string {
  return queueKey(channel, 'callpost:accepted');
}

/**
 * How many events a home has ever accepted: BullMQ's own id counter, which its script raises for every `add` of every
 * client in any language. Callpost's own script looks for a known id before it. A foreign producer that adds a job id
 * which is there already is counted once more.
 */
export async function readAccepted(redis: RedisConnection, home: Home): Promise<number> {
  return Number((await redis.get(queueKey(home, 'id'))) ?? 0);
}

/** What the homes that are not looked at any more had accepted in all. */
export async function readEndedCounts(
  redis: RedisConnection,
  channel: string,
  layout: Layout,
  lookedAt: { has(home: Home): boolean },
): Promise<number> {
  if (layout.generation === 0) return 0;
  const ended = Object.entries(await redis.hgetall(endedCountsKey(channel)));
  return ended.reduce((sum, [home, count]) => (lookedAt.has(home) ? sum : sum + Number(count)), 0);
}

/**
 * To be called for homes that are about to end, before the layout without them is written: the count of accepted events
 * must never go backwards. Their `id` keys must stay: a home that is used again counts on from there, and what is kept
 * of it here is not looked at as long as it is one. So it does not matter how often this is done, or if the layout is
 * not written after all.
 */
export async function keepCounts(
  redis: RedisConnection,
  channel: string,
  homes: readonly Home[],
): Promise<void> {
  for (const home of homes) {
    await redis.hset(endedCountsKey(channel), home, await readAccepted(redis, home));
  }
}
