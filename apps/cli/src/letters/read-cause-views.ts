import { type DeadLetterFilter, type RedisConnection, summariseCauses } from '@callpost/queue';
import { CauseSums, type CauseView } from './cause-view.js';

/** The causes of the letters that fit, the most frequent first. */
export async function readCauseViews(
  redis: RedisConnection,
  channels: readonly string[],
  filter: DeadLetterFilter,
): Promise<CauseView[]> {
  const sums = new CauseSums();
  for (const channel of channels) {
    for (const summary of await summariseCauses(redis, channel, filter)) sums.add(channel, summary);
  }
  return sums.views();
}
