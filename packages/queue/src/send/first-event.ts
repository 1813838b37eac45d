import type { EventState } from '../home-reading.js';
import { PARKED } from '../lanes/lane-keys.js';
import { jobIdOf, queueKey } from '../names.js';
import type { RedisConnection } from '../redis.js';
import type { Home } from '../shards/layout.js';

/** Where the first event with an id is by now. `delivered`: within the dedup window, after which it is forgotten. */
export type FirstEventState = EventState | 'delivered';

/** @param home where its id is known */
export async function firstEventState(
  redis: RedisConnection,
  home: Home,
  eventId: string,
): Promise<FirstEventState> {
  const jobId = jobIdOf(eventId);
  const jobKey = queueKey(home, jobId);
  const replies = await redis
    .multi()
    .exists(jobKey)
    .zscore(queueKey(home, 'failed'), jobId)
    .zscore(queueKey(home, 'delayed'), jobId)
    .exists(`${jobKey}:lock`)
    .hget(jobKey, 'name')
    .exec();
  const [exists, failed, delayed, locked, name] = (replies ?? []).map(([, reply]) => reply);
  if (exists === 0) return 'delivered';
  if (failed !== null) return 'dead';
  if (delayed !== null) return name === PARKED ? 'parked' : 'retrying';
  return locked === 1 ? 'in_flight' : 'waiting';
}
