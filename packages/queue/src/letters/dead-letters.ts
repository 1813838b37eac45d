import type { Reason } from '@callpost/domain';
import { jobIdOf, queueKey } from '../names.js';
import type { RedisConnection } from '../redis.js';
import { DEAD_LETTER_FIELDS, type DeadLetter, deadLetterOf } from './dead-letter.js';

/** Which letters; absent means any. Times are Unix ms of the death, both inclusive. */
export interface DeadLetterFilter {
  readonly reason?: Reason;
  readonly status?: number;
  readonly sinceMs?: number;
  readonly untilMs?: number;
}

const PAGE = 200;

/** The letters of a channel, newest first, read page by page: what dies or is replayed meanwhile may be missed. */
export async function* readDeadLetters(
  redis: RedisConnection,
  channel: string,
  filter: DeadLetterFilter = {},
): AsyncGenerator<DeadLetter> {
  const { sinceMs = '-inf', untilMs = '+inf' } = filter;
  for (let offset = 0; ; offset += PAGE) {
    const jobIds = await redis.zrevrangebyscore(
      queueKey(channel, 'failed'),
      untilMs,
      sinceMs,
      'LIMIT',
      offset,
      PAGE,
    );
    for (const letter of await readLetters(redis, channel, jobIds)) {
      if (fits(letter, filter)) yield letter;
    }
    if (jobIds.length < PAGE) return;
  }
}

/**
 * A letter by the id of its event or by its job id: the jobs of plain BullMQ producers have a number for a job id, so
 * for these the letters are searched.
 *
 * @returns null when no letter has that id
 */
export async function findDeadLetter(
  redis: RedisConnection,
  channel: string,
  id: string,
): Promise<DeadLetter | null> {
  const [letter] = await readLetters(redis, channel, [jobIdOf(id), id]);
  if (letter) return letter;
  for await (const candidate of readDeadLetters(redis, channel)) {
    if (candidate.eventId === id) return candidate;
  }
  return null;
}

export async function countDeadLetters(redis: RedisConnection, channel: string): Promise<number> {
  return redis.zcard(queueKey(channel, 'failed'));
}

async function readLetters(
  redis: RedisConnection,
  channel: string,
  jobIds: readonly string[],
): Promise<DeadLetter[]> {
  const pipeline = redis.pipeline();
  for (const jobId of jobIds) pipeline.hmget(queueKey(channel, jobId), ...DEAD_LETTER_FIELDS);
  const replies = (await pipeline.exec()) ?? [];
  return jobIds.flatMap((jobId, index) => {
    const [error, fields] = replies[index] ?? [];
    if (error) throw error;
    return deadLetterOf(channel, jobId, fields as (string | null)[]) ?? [];
  });
}

function fits(letter: DeadLetter, { reason, status }: DeadLetterFilter): boolean {
  return (
    (reason === undefined || letter.reason === reason) &&
    (status === undefined || letter.lastAttempt?.status === status)
  );
}
