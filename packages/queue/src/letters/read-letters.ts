import type { RedisConnection } from '../redis.js';
import { channelOf, type Home } from '../shards/layout.js';
import { DEAD_LETTER_FIELDS, type DeadLetter, deadLetterOf } from './dead-letter.js';
import { letterKeys } from './letter-keys.js';
import { homesOfLetters } from './over-homes.js';

/** The letters of a channel with these job ids, in their order; what is no letter is left out. */
export async function readLetters(
  redis: RedisConnection,
  channel: string,
  jobIds: readonly string[],
): Promise<DeadLetter[]> {
  const homes = await homesOfLetters(redis, channel);
  const found = await Promise.all(homes.map((home) => readLettersAt(redis, home, jobIds)));
  const [first = [], ...others] = found;
  if (others.length === 0) return first;
  // The first home of several is right.
  const byId = new Map(
    found
      .flat()
      .reverse()
      .map((letter) => [letter.jobId, letter]),
  );
  return jobIds.flatMap((jobId) => byId.get(jobId) ?? []);
}

/** The same at one home. */
export async function readLettersAt(
  redis: RedisConnection,
  home: Home,
  jobIds: readonly string[],
): Promise<DeadLetter[]> {
  const keys = letterKeys(home);
  const pipeline = redis.pipeline();
  for (const jobId of jobIds) pipeline.hmget(keys.letter(jobId), ...DEAD_LETTER_FIELDS);
  const replies = (await pipeline.exec()) ?? [];
  return jobIds.flatMap((jobId, index) => {
    const [error, fields] = replies[index] ?? [];
    if (error) throw error;
    return deadLetterOf(channelOf(home), jobId, fields as (string | null)[]) ?? [];
  });
}
