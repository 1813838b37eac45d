import type { RedisConnection } from '../redis.js';
import { LeaseLostError } from './lease.js';
import { runKeys } from './run.js';

/** Why a letter of a run was not sent. */
export const SKIP_REASONS = {
  not_dead: 'replayed or discarded since the run was planned',
  discarded: 'discarded while the run was about to send it',
  changed: 'replayed and dead again since the run was planned',
  invalid_patch: 'the patch makes its event invalid',
  call_conflict: 'an earlier event of its call died again',
  newer_delivered: 'newer events of its call were delivered already, or are on their way',
} as const;

export type SkipReason = keyof typeof SKIP_REASONS;

/** What became of a letter in a run. `sent`: it is in the queue again, and not settled yet. */
export type LetterResult = 'sent' | 'delivered' | 'dead_again' | `skipped:${SkipReason}`;

/** What a worker that settled a letter of a run writes, before it settles it. */
export async function writeResult(
  redis: RedisConnection,
  { channel, runId, jobId, result }: { channel: string; runId: string; jobId: string; result: LetterResult },
): Promise<void> {
  await redis.hset(runKeys(channel, runId).results, jobId, result);
}

/** KEYS results. ARGV job id. */
const TELL_OF_DISCARD = `
if redis.call('HGET', KEYS[1], ARGV[1]) == 'sent' then
  redis.call('HSET', KEYS[1], ARGV[1], 'skipped:discarded')
end
return 0`;

/** That a letter was discarded which a run was about to send. */
export async function tellOfDiscard(
  redis: RedisConnection,
  { channel, runId, jobId }: { channel: string; runId: string; jobId: string },
): Promise<void> {
  await redis.eval(TELL_OF_DISCARD, 1, runKeys(channel, runId).results, jobId);
}

/** KEYS lease, results. ARGV token, job id, result, and so on. */
const WRITE_AS_HOLDER = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
for index = 2, #ARGV, 2 do redis.call('HSET', KEYS[2], ARGV[index], ARGV[index + 1]) end
return 1`;

const CHUNK = 500;

/**
 * What the worker that carries a run out writes.
 *
 * @throws LeaseLostError when it no longer carries it out
 */
export async function writeResultsAsHolder(
  redis: RedisConnection,
  { channel, runId, token }: { channel: string; runId: string; token: string },
  results: ReadonlyArray<readonly [jobId: string, result: LetterResult]>,
): Promise<void> {
  const keys = runKeys(channel, runId);
  for (let start = 0; start < results.length; start += CHUNK) {
    const some = results.slice(start, start + CHUNK).flat();
    const written = await redis.eval(WRITE_AS_HOLDER, 2, keys.lease, keys.results, token, ...some);
    if (written !== 1) throw new LeaseLostError(keys.lease);
  }
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

export async function readReport(
  redis: RedisConnection,
  { channel, id, count }: { readonly channel: string; readonly id: string; readonly count: number },
): Promise<RunReport> {
  return reportOf(count, await readResults(redis, channel, id));
}

/** @param planned how many letters the run has */
export function reportOf(planned: number, results: ReadonlyMap<string, LetterResult>): RunReport {
  const counts = new Map<LetterResult, number>();
  for (const result of results.values()) counts.set(result, (counts.get(result) ?? 0) + 1);
  const count = (wanted: LetterResult) => counts.get(wanted) ?? 0;
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
