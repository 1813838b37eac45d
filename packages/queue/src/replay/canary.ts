import { readLetters } from '../letters/read-letters.js';
import type { RedisConnection } from '../redis.js';
import type { ReplayRun } from './run.js';
import { readResults } from './run-results.js';

/** The canary fails when more than this share of it dies again of one cause. */
const CANARY_DEAD_SHARE = 0.2;

export function isInCanary({ canary, count, isCanaryPassed }: ReplayRun): boolean {
  return canary > 0 && canary < count && !isCanaryPassed;
}

/** Whether too many of what was sent so far died again of one cause. */
export async function canaryFails(
  redis: RedisConnection,
  { channel, id, canary }: ReplayRun,
): Promise<boolean> {
  const results = await readResults(redis, channel, id);
  const deadAgain = [...results].filter(([, result]) => result === 'dead_again').map(([jobId]) => jobId);
  const counts = new Map<string, number>();
  for (const { cause } of await readLetters(redis, channel, deadAgain)) {
    counts.set(cause.id, (counts.get(cause.id) ?? 0) + 1);
  }
  return Math.max(0, ...counts.values()) / canary > CANARY_DEAD_SHARE;
}
