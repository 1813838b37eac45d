import type { RedisConnection } from '../redis.js';
import type { DeadLetter } from './dead-letter.js';
import { decodeEntry, encodeCause, encodeEntry, entryOf, type LetterEntry } from './letter-entry.js';
import { type LetterKeys, letterKeys } from './letter-keys.js';

/*
 * By what letters are found. The index is a hint: it is written before a letter is moved to the failed set, and whoever
 * reads checks against the letter itself; `heal-index.ts` puts right what is missing, left over or broken.
 */

type Pipeline = ReturnType<RedisConnection['pipeline']>;

export async function indexLetters(
  redis: RedisConnection,
  channel: string,
  letters: readonly DeadLetter[],
): Promise<void> {
  if (letters.length === 0) return;
  const keys = letterKeys(channel);
  const jobIds = letters.map(({ jobId }) => jobId);
  const before = await readEntries(redis, channel, jobIds);
  const pipeline = redis.pipeline();
  for (const [index, letter] of letters.entries()) {
    removeEntry(pipeline, keys, letter.jobId, before[index] ?? null);
    addEntry(pipeline, keys, letter);
  }
  await execute(pipeline);
}

/** Takes letters out of the index that leave the failed set, by a replay or for good. */
export async function unindexLetters(
  redis: RedisConnection,
  channel: string,
  jobIds: readonly string[],
): Promise<void> {
  const keys = letterKeys(channel);
  const entries = await readEntries(redis, channel, jobIds);
  const pipeline = redis.pipeline();
  for (const [index, jobId] of jobIds.entries()) removeEntry(pipeline, keys, jobId, entries[index] ?? null);
  await execute(pipeline);
}

/** In the order of the ids; null where there is no readable entry. */
export async function readEntries(
  redis: RedisConnection,
  channel: string,
  jobIds: readonly string[],
): Promise<(LetterEntry | null)[]> {
  if (jobIds.length === 0) return [];
  const texts = await redis.hmget(letterKeys(channel).entries, ...jobIds);
  return texts.map(decodeEntry);
}

function addEntry(pipeline: Pipeline, keys: LetterKeys, letter: DeadLetter): void {
  const { jobId, cause, diedAtMs } = letter;
  pipeline.hset(keys.entries, jobId, encodeEntry(entryOf(letter)));
  pipeline.hset(keys.causes, cause.id, encodeCause(cause));
  pipeline.zadd(keys.ofCause(cause.id), diedAtMs, jobId);
  pipeline.zadd(keys.indexed, diedAtMs, jobId);
}

function removeEntry(pipeline: Pipeline, keys: LetterKeys, jobId: string, entry: LetterEntry | null): void {
  if (entry !== null) pipeline.zrem(keys.ofCause(entry.causeId), jobId);
  pipeline.hdel(keys.entries, jobId);
  pipeline.zrem(keys.indexed, jobId);
}

/** @throws the first error of the commands */
async function execute(pipeline: Pipeline): Promise<void> {
  for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
}
