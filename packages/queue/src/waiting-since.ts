import { queueKey } from './names.js';
import { readQueuedAt } from './queued-at.js';
import type { RedisConnection } from './redis.js';
import type { Home } from './shards/layout.js';

/** So many of the events that are taken next are looked at. */
const LOOKED_AT = 20;

/**
 * Unix ms: when the next event that was never attempted was enqueued or last replayed; null when none of the next few is
 * such a one. Not simply the next one: where some attempts fail, retries that have just become due stand among those that
 * wait, and have the age of an outage though nobody made them wait.
 */
export async function readWaitingSince(redis: RedisConnection, home: Home): Promise<number | null> {
  const [live, replayed] = await Promise.all([
    redis.lrange(queueKey(home, 'wait'), -LOOKED_AT, -1),
    redis.zrange(queueKey(home, 'prioritized'), '0', `${LOOKED_AT - 1}`),
  ]);
  const jobIds = [...live.reverse(), ...replayed].slice(0, LOOKED_AT);
  const attempts = await Promise.all(jobIds.map((jobId) => redis.hget(queueKey(home, jobId), 'atm')));
  const next = jobIds.find((_, index) => Number(attempts[index] ?? 0) === 0);
  return next === undefined ? null : readQueuedAt(redis, home, next);
}
