import type { RedisConnection } from '../redis.js';
import { PLAN_KEPT_MS, runKeys } from './run.js';

/** A letter as a run plans it: which one, of which death, in which call. */
export interface PlannedLetter {
  readonly jobId: string;
  /** Unix ms. */
  readonly diedAtMs: number;
  readonly call: string | null;
  /** Ascending in the order of the call. */
  readonly enqueueOrder: number;
}

const CHUNK = 1_000;

/** Kept for as long as a plan can be started. */
export async function writePlannedLetters(
  redis: RedisConnection,
  channel: string,
  runId: string,
  letters: readonly PlannedLetter[],
): Promise<void> {
  const key = runKeys(channel, runId).letters;
  for (let start = 0; start < letters.length; start += CHUNK) {
    const texts = letters.slice(start, start + CHUNK).map(encodeLetter);
    await redis
      .multi()
      .rpush(key, ...texts)
      .pexpire(key, PLAN_KEPT_MS)
      .exec();
  }
}

/** In the order in which they are sent; none when the run has ended, or its plan has expired. */
export async function readPlannedLetters(
  redis: RedisConnection,
  channel: string,
  runId: string,
): Promise<PlannedLetter[]> {
  const texts = await redis.lrange(runKeys(channel, runId).letters, 0, -1);
  return texts.map(decodeLetter);
}

function encodeLetter({ jobId, diedAtMs, call, enqueueOrder }: PlannedLetter): string {
  return JSON.stringify([jobId, diedAtMs, call, enqueueOrder]);
}

function decodeLetter(text: string): PlannedLetter {
  const [jobId, diedAtMs, call, enqueueOrder] = JSON.parse(text) as [string, number, string | null, number];
  return { jobId, diedAtMs, call, enqueueOrder };
}
