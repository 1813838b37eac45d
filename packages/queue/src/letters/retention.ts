import type { RedisConnection } from '../redis.js';
import type { DeadLetter } from './dead-letter.js';
import { createDiscarder } from './discard.js';
import { letterKeys } from './letter-keys.js';
import { readLetters } from './read-letters.js';

export interface RetentionOptions {
  readonly channel: string;
  /** Unix ms: letters that died before this are dropped. */
  readonly diedBeforeMs: number;
  /** Called with a page of letters before it is dropped; when it rejects, that page and all later ones are kept. */
  readonly keepCopy: (letters: readonly DeadLetter[]) => Promise<void>;
}

const PAGE = 500;

/**
 * Removes dead letters for good because of their age: only ever called for somebody who has set an age.
 *
 * @returns how many were dropped
 */
export async function dropOldLetters(
  redis: RedisConnection,
  { channel, diedBeforeMs, keepCopy }: RetentionOptions,
): Promise<number> {
  const discarder = createDiscarder({ redis, channel });
  const { failed } = letterKeys(channel);
  let dropped = 0;
  try {
    for (;;) {
      const jobIds = await redis.zrangebyscore(failed, '-inf', `(${diedBeforeMs}`, 'LIMIT', 0, PAGE);
      if (jobIds.length === 0) return dropped;
      const letters = await readLetters(redis, channel, jobIds);
      await keepCopy(letters);
      for (const { jobId, diedAtMs } of letters) {
        if ((await discarder.discard(jobId, diedAtMs)) === 'discarded') dropped += 1;
      }
      // Ids without a letter behind them would be read for ever.
      if (letters.length === 0) return dropped;
    }
  } finally {
    await discarder.close();
  }
}
