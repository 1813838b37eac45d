import type { RedisConnection } from '../redis.js';
import { DEAD_LETTER_FIELDS, type DeadLetter, deadLetterOf } from './dead-letter.js';
import { letterKeys } from './letter-keys.js';

/** The letters with these job ids, in their order; what is no letter is left out. */
export async function readLetters(
  redis: RedisConnection,
  channel: string,
  jobIds: readonly string[],
): Promise<DeadLetter[]> {
  const keys = letterKeys(channel);
  const pipeline = redis.pipeline();
  for (const jobId of jobIds) pipeline.hmget(keys.letter(jobId), ...DEAD_LETTER_FIELDS);
  const replies = (await pipeline.exec()) ?? [];
  return jobIds.flatMap((jobId, index) => {
    const [error, fields] = replies[index] ?? [];
    if (error) throw error;
    return deadLetterOf(channel, jobId, fields as (string | null)[]) ?? [];
  });
}
