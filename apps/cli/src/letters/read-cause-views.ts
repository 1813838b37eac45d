import {
  causeFits,
  type DeadLetterFilter,
  type RedisConnection,
  readDeadLetters,
  summariseCauses,
} from '@callpost/queue';
import { CauseSums, type CauseView } from './cause-view.js';

/** The causes of the letters that fit, the most frequent first. */
export async function readCauseViews(
  redis: RedisConnection,
  channels: readonly string[],
  filter: DeadLetterFilter,
): Promise<CauseView[]> {
  const sums = new CauseSums();
  const add = isOfCauses(filter) ? addFromIndex : addFromLetters;
  for (const channel of channels) await add(redis, channel, filter, sums);
  return sums.views();
}

/** Whether the filter fits all letters of a cause or none, so that no letter has to be read. */
function isOfCauses({ causeId, reason, match, ...others }: DeadLetterFilter): boolean {
  return Object.keys(others).length === 0;
}

async function addFromIndex(
  redis: RedisConnection,
  channel: string,
  filter: DeadLetterFilter,
  sums: CauseSums,
): Promise<void> {
  for (const summary of await summariseCauses(redis, channel)) {
    if (causeFits(summary.cause, filter)) sums.add({ channel, ...summary });
  }
}

async function addFromLetters(
  redis: RedisConnection,
  channel: string,
  filter: DeadLetterFilter,
  sums: CauseSums,
): Promise<void> {
  for await (const { cause, diedAtMs, jobId } of readDeadLetters(redis, channel, filter)) {
    sums.add({ channel, cause, count: 1, oldestAtMs: diedAtMs, newestAtMs: diedAtMs, newestJobId: jobId });
  }
}
