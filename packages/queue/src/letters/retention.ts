import type { RedisConnection } from '../redis.js';
import type { Home } from '../shards/layout.js';
import type { DeadLetter } from './dead-letter.js';
import { createDiscarder, type Discarder } from './discard.js';
import { letterKeys } from './letter-keys.js';
import { homesOfLetters } from './over-homes.js';
import { readLettersAt } from './read-letters.js';

export interface RetentionOptions {
  readonly channel: string;
  /** Unix ms: letters that died before this are dropped. */
  readonly diedBeforeMs: number;
  /** Called with a page of letters before it is dropped; when it rejects, that page and all later ones are kept. */
  readonly keepCopy: (letters: readonly DeadLetter[]) => Promise<void>;
  /** Called with how many of a page are gone, also when it was broken off. */
  readonly onDropped: (count: number) => Promise<void>;
  /** Ends it after the letter that is being dropped. */
  readonly signal: AbortSignal;
}

const PAGE = 500;

/** Removes dead letters for good because of their age: only ever called for somebody who has set an age. */
export async function dropOldLetters(redis: RedisConnection, options: RetentionOptions): Promise<void> {
  const { channel, diedBeforeMs, keepCopy, signal } = options;
  const discarder = createDiscarder({ redis, channel });
  try {
    for (const home of await homesOfLetters(redis, channel)) {
      while (!signal.aborted) {
        const letters = await readOldLetters(redis, home, diedBeforeMs);
        if (letters.length === 0) break;
        await keepCopy(letters);
        await dropPage(letters, discarder, options);
      }
    }
  } finally {
    await discarder.close();
  }
}

async function dropPage(
  letters: readonly DeadLetter[],
  discarder: Discarder,
  { onDropped, signal }: RetentionOptions,
): Promise<void> {
  let dropped = 0;
  try {
    for (const { jobId, diedAtMs } of letters) {
      if (signal.aborted) break;
      if ((await discarder.discard(jobId, diedAtMs)) === 'discarded') dropped += 1;
    }
  } finally {
    if (dropped > 0) await onDropped(dropped);
  }
}

/** A page. None also where there are only ids without a letter behind them, which would be read for ever. */
async function readOldLetters(
  redis: RedisConnection,
  home: Home,
  diedBeforeMs: number,
): Promise<DeadLetter[]> {
  const { failed } = letterKeys(home);
  const jobIds = await redis.zrangebyscore(failed, '-inf', `(${diedBeforeMs}`, 'LIMIT', 0, PAGE);
  return jobIds.length === 0 ? [] : readLettersAt(redis, home, jobIds);
}
