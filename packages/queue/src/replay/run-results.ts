import type { RedisConnection } from '../redis.js';
import { runKeys } from './run.js';

/** Why a letter of a run was not sent. */
export const SKIP_REASONS = {
  not_dead: 'replayed or discarded since the run was planned',
  changed: 'replayed and dead again since the run was planned',
  invalid_patch: 'the patch makes its event invalid',
  call_conflict: 'an earlier event of its call died again',
} as const;

export type SkipReason = keyof typeof SKIP_REASONS;

/** What became of a letter in a run. `sent`: it is in the queue again, and not settled yet. */
export type LetterResult = 'sent' | 'delivered' | 'dead_again' | `skipped:${SkipReason}`;

export async function writeResult(
  redis: RedisConnection,
  { channel, runId, jobId, result }: { channel: string; runId: string; jobId: string; result: LetterResult },
): Promise<void> {
  await redis.hset(runKeys(channel, runId).results, jobId, result);
}

/** By job id; what was not touched yet is not in it. */
export async function readResults(
  redis: RedisConnection,
  channel: string,
  runId: string,
): Promise<Map<string, LetterResult>> {
  const results = await redis.hgetall(runKeys(channel, runId).results);
  return new Map(Object.entries(results) as [string, LetterResult][]);
}

export interface RunReport {
  readonly planned: number;
  /** Not touched yet. */
  readonly waiting: number;
  readonly sent: number;
  readonly delivered: number;
  readonly deadAgain: number;
  readonly skipped: Readonly<Record<SkipReason, number>>;
}

/** @param planned how many letters the run has */
export function reportOf(planned: number, results: ReadonlyMap<string, LetterResult>): RunReport {
  const count = (wanted: LetterResult) => [...results.values()].filter((result) => result === wanted).length;
  const skipped = Object.fromEntries(
    Object.keys(SKIP_REASONS).map((why) => [why, count(`skipped:${why as SkipReason}`)]),
  ) as Record<SkipReason, number>;
  return {
    planned,
    waiting: planned - results.size,
    sent: count('sent'),
    delivered: count('delivered'),
    deadAgain: count('dead_again'),
    skipped,
  };
}
