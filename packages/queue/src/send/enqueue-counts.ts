import { queueKey } from '../names.js';
import { openRedis, type RedisConnection } from '../redis.js';

/** Hash: how many events producers were turned away with, as `duplicate` or `invalid`. For the metrics alone. */
export function enqueueCountsKey(channel: string): string {
  return queueKey(channel, 'callpost:enqueue-counts');
}

/**
 * Counts events that were not enqueued, where the workers' metrics find it: a producer need not be scraped. It is a hint
 * and never fails; one that could not be written is missing from a count and nowhere else.
 */
export async function countTurnedAway(
  redis: RedisConnection,
  channel: string,
  counts: Readonly<Record<'duplicate' | 'invalid', number>>,
): Promise<void> {
  const raised = Object.entries(counts).filter(([, count]) => count > 0);
  if (raised.length === 0) return;
  try {
    await openRedis(redis);
    await Promise.all(raised.map(([name, count]) => redis.hincrby(enqueueCountsKey(channel), name, count)));
  } catch {
    // See above.
  }
}
