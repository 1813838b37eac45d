import { queueKey } from '../names.js';
import type { RedisConnection } from '../redis.js';
import { allHomes, homes, type Layout } from './layout.js';

/** Homes that new calls no longer go to, though the channel's own stays in use by plain BullMQ producers. */
export function formerOnlyHomes(channel: string, layout: Layout) {
  const now = new Set(homes(channel, layout.shards));
  return allHomes(channel, layout).filter((home) => !now.has(home));
}

/** Whether dead letters are where the events of their calls do not go any more. */
export async function hasStrayLetters(
  redis: RedisConnection,
  channel: string,
  layout: Layout,
): Promise<boolean> {
  const counts = await Promise.all(
    formerOnlyHomes(channel, layout).map((home) => redis.zcard(queueKey(home, 'failed'))),
  );
  return counts.some((count) => count > 0);
}
