import { readMarks } from '../event-marks.js';
import { queueKey } from '../names.js';
import type { RedisConnection } from '../redis.js';
import type { PlannedLetter } from './plan-run.js';

/**
 * Where a letter that a run has sent really is, whatever was written about it: `unsent` when a worker died between
 * writing that it sends it and sending it; `gone` when it left the queue, which only a delivered event does.
 */
export type LetterTruth = 'unsent' | 'queued' | 'dead_again' | 'gone';

export async function letterTruth(
  redis: RedisConnection,
  channel: string,
  runId: string,
  { jobId, diedAtMs }: PlannedLetter,
): Promise<LetterTruth> {
  const jobKey = queueKey(channel, jobId);
  const replies = await redis
    .multi()
    .exists(jobKey)
    .zscore(queueKey(channel, 'failed'), jobId)
    .hmget(jobKey, 'finishedOn', 'progress')
    .exec();
  const [exists, failed, fields] = (replies ?? []).map(([, reply]) => reply);
  const [finishedOn, progress] = fields as (string | null)[];
  if (exists === 0) return 'gone';
  if (failed === null) return 'queued';
  const isOurs = readMarks(JSON.parse(progress ?? 'null')).runId === runId;
  return isOurs && Number(finishedOn) !== diedAtMs ? 'dead_again' : 'unsent';
}
