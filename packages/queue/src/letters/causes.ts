import type { Cause } from '@callpost/domain';
import type { RedisConnection } from '../redis.js';
import { healIndex } from './heal-index.js';
import { letterKeys } from './letter-keys.js';
import { readCauses } from './read-causes.js';

/** Dead letters that failed alike, in numbers. */
export interface CauseSummary {
  readonly cause: Cause;
  readonly count: number;
  /** Unix ms of the first and of the last death. */
  readonly oldestAtMs: number;
  readonly newestAtMs: number;
  /** Job id of the newest letter, to look at one. */
  readonly newestJobId: string;
}

/** The causes of a channel's letters, the most frequent first. */
export async function summariseCauses(redis: RedisConnection, channel: string): Promise<CauseSummary[]> {
  await healIndex(redis, channel);
  const keys = letterKeys(channel);
  const causes = [...(await readCauses(redis, channel)).values()];
  const transaction = redis.multi();
  for (const { id } of causes) {
    transaction.zcard(keys.ofCause(id));
    transaction.zrange(keys.ofCause(id), '0', '0', 'WITHSCORES');
    transaction.zrange(keys.ofCause(id), '-1', '-1', 'WITHSCORES');
  }
  const replies = ((await transaction.exec()) ?? []).map(([, reply]) => reply);
  const summaries = causes.flatMap((cause, index) => {
    const [count, oldest, newest] = replies.slice(3 * index) as [number, string[], string[]];
    const [newestJobId, newestAtMs] = newest;
    if (newestJobId === undefined) return [];
    return { cause, count, oldestAtMs: Number(oldest[1]), newestAtMs: Number(newestAtMs), newestJobId };
  });
  return summaries.sort((a, b) => b.count - a.count);
}
