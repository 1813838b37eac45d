import { countNewerDelivered } from '../letters/newer-delivered.js';
import type { RedisConnection } from '../redis.js';
import { letterTruths } from './letter-truth.js';
import { readPlannedLetters } from './planned-letters.js';
import type { ReplayRun } from './run.js';

/** What a plan is worth now. */
export interface PlanCheck {
  /** How many letters of the plan are still dead as they were when they were chosen; the others would be skipped. */
  readonly asPlanned: number;
  /** Of these, how many have newer events of their call delivered already. */
  readonly newerDelivered: number;
}

/** Looks at every letter of a run that is planned and not started. Null when the plan has expired. */
export async function checkPlan(redis: RedisConnection, run: ReplayRun): Promise<PlanCheck | null> {
  const letters = await readPlannedLetters(redis, run.channel, run.id);
  if (letters.length === 0) return null;
  const truths = await letterTruths(redis, run, letters);
  const asPlanned = letters.filter((_, index) => truths[index] === 'as_planned');
  return {
    asPlanned: asPlanned.length,
    newerDelivered: await countNewerDelivered(redis, run.channel, asPlanned),
  };
}
