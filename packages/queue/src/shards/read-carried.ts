import { DEAD_LETTER_FIELDS, type DeadLetter, deadLetterOf } from '../letters/dead-letter.js';
import { queueKey } from '../names.js';
import type { RedisConnection } from '../redis.js';
import { channelOf, type Home } from './layout.js';

/** A letter as it is at the home that it is moved from, byte by byte: it need not be readable. */
export interface CarriedLetter {
  readonly jobId: string;
  /** Its time of death in the failed set. */
  readonly score: string;
  readonly fields: Readonly<Record<string, Buffer>>;
  /** As readers see it; null for what is no letter to them. */
  readonly letter: DeadLetter | null;
  /** Null when the event does not say. */
  readonly call: string | null;
}

/** Of which death it is; '' for a job that has none. */
export function deathOf({ fields }: CarriedLetter): string {
  return fields.finishedOn?.toString() ?? '';
}

/** Those that are dead letters of the home. */
export async function readCarried(
  redis: RedisConnection,
  home: Home,
  jobIds: readonly string[],
): Promise<{ letters: CarriedLetter[]; readAtMs: number }> {
  if (jobIds.length === 0) return { letters: [], readAtMs: 0 };
  const pipeline = redis.multi().time();
  for (const jobId of jobIds) {
    pipeline.zscore(queueKey(home, 'failed'), jobId).hgetallBuffer(queueKey(home, jobId));
  }
  const [time, ...replies] = ((await pipeline.exec()) ?? []).map(([error, reply]) => {
    if (error) throw error;
    return reply;
  });
  const letters = jobIds.flatMap((jobId, index) => {
    const [score, fields] = replies.slice(2 * index) as [string | null, Record<string, Buffer>];
    if (score === null) return [];
    const texts = DEAD_LETTER_FIELDS.map((name) => fields[name]?.toString());
    const letter = deadLetterOf(channelOf(home), jobId, texts);
    return { jobId, score, fields, letter, call: letter?.call ?? null };
  });
  return { letters, readAtMs: Number((time as string[])[0]) * 1_000 };
}
