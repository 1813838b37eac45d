import { readMarks } from '../event-marks.js';
import { queueKey } from '../names.js';
import type { RedisConnection } from '../redis.js';
import type { PlannedLetter } from './planned-letters.js';

/**
 * Where a letter of a run really is, whatever was written about it. `as_planned`: dead of the death it was planned with,
 * so this run has not sent it. `queued`: sent by this run, and not settled. `dead_again`: sent by this run, and dead.
 * `elsewhere`: another run or person replayed it since. `gone`: it was delivered, or discarded.
 */
export type LetterTruth = 'as_planned' | 'queued' | 'dead_again' | 'elsewhere' | 'gone';

const CHUNK = 500;

/** For each of the letters, in their order. */
export async function letterTruths(
  redis: RedisConnection,
  { channel, id: runId }: { readonly channel: string; readonly id: string },
  letters: readonly PlannedLetter[],
): Promise<LetterTruth[]> {
  const truths: LetterTruth[] = [];
  for (let start = 0; start < letters.length; start += CHUNK) {
    const some = letters.slice(start, start + CHUNK);
    const transaction = redis.multi();
    for (const { jobId } of some) {
      transaction.zscore(queueKey(channel, 'failed'), jobId);
      transaction.hmget(queueKey(channel, jobId), 'timestamp', 'finishedOn', 'progress');
    }
    const replies = ((await transaction.exec()) ?? []).map(([, reply]) => reply);
    for (const [index, { diedAtMs }] of some.entries()) {
      const [score, fields] = replies.slice(2 * index) as [string | null, (string | null)[]];
      truths.push(truthOf({ isDead: score !== null, fields, diedAtMs, runId }));
    }
  }
  return truths;
}

interface Found {
  readonly isDead: boolean;
  readonly fields: readonly (string | null)[];
  readonly diedAtMs: number;
  readonly runId: string;
}

function truthOf({ isDead, fields, diedAtMs, runId }: Found): LetterTruth {
  const [timestamp, finishedOn, progress] = fields;
  if (timestamp === null) return 'gone';
  if (isDead && Number(finishedOn) === diedAtMs) return 'as_planned';
  if (readMarks(JSON.parse(progress ?? 'null')).runId !== runId) return 'elsewhere';
  return isDead ? 'dead_again' : 'queued';
}
