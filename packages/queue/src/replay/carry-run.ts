import { readLetters } from '../letters/read-letters.js';
import type { RedisConnection } from '../redis.js';
import { letterTruth } from './letter-truth.js';
import { type PlannedLetter, patchedEvent, readPlannedLetters } from './plan-run.js';
import type { Replayer } from './replayer.js';
import { type ReplayRun, runKeys } from './run.js';
import { type LetterResult, readResults, writeResult } from './run-results.js';
import { createRunSchedule, type RunSchedule } from './run-schedule.js';

/** Letters of a run in the queue at a time: pausing and cancelling take effect before the next ones. */
const MAX_UNDER_WAY = 500;
/** A letter under way for longer is looked for, in case the worker that settled it died before writing the result. */
const LOOK_AFTER_MS = 5_000;
/** The canary fails when more than this share of it dies again of one cause. */
const CANARY_DEAD_SHARE = 0.2;

export interface CarriedRun {
  /** One step: takes in what was settled, then sends what may be sent now. */
  step(run: ReplayRun, nowMs: number): Promise<'going_on' | 'stopped_by_canary' | 'at_end'>;
}

/**
 * Takes over a run where whoever had it before left it. All that matters is in Redis: a letter's result is written
 * before the letter is sent, and only a letter that is still dead of the planned death is sent, so none is sent twice.
 */
export async function takeOverRun(
  redis: RedisConnection,
  replayer: Replayer,
  { id: runId, channel, onCallConflict, patch }: ReplayRun,
  nowMs: number,
): Promise<CarriedRun> {
  const letters = await readPlannedLetters(redis, channel, runId);
  const results = await readResults(redis, channel, runId);
  const schedule = createRunSchedule(letters, results, onCallConflict);
  const sentAtMs = new Map(schedule.underWay().map(({ jobId }) => [jobId, nowMs - LOOK_AFTER_MS]));
  let touched = results.size;
  let budget = 0;
  let budgetAtMs = nowMs;

  const write = (jobId: string, result: LetterResult) =>
    writeResult(redis, { channel, runId, jobId, result });

  function settle(jobId: string, result: LetterResult): void {
    schedule.settle(jobId, result === 'delivered' || result === 'dead_again' ? result : 'skipped');
    sentAtMs.delete(jobId);
  }

  async function end(jobId: string, result: LetterResult): Promise<void> {
    await write(jobId, result);
    settle(jobId, result);
  }

  /** What the workers have written about the letters under way, and for the overdue what is true. */
  async function takeIn(atMs: number): Promise<void> {
    const underWay = schedule.underWay();
    if (underWay.length === 0) return;
    const written = await redis.hmget(runKeys(channel, runId).results, ...underWay.map(({ jobId }) => jobId));
    for (const [index, letter] of underWay.entries()) {
      const result = written[index];
      if (result === 'delivered') settle(letter.jobId, result);
      // Written before the letter is in the failed set: until it is there, it cannot be read as one that died again.
      else if (result === 'dead_again') await lookFor(letter, atMs);
      else if (atMs - (sentAtMs.get(letter.jobId) ?? 0) >= LOOK_AFTER_MS) await lookFor(letter, atMs);
    }
  }

  async function lookFor(letter: PlannedLetter, atMs: number): Promise<void> {
    sentAtMs.set(letter.jobId, atMs);
    const truth = await letterTruth(redis, channel, runId, letter);
    if (truth === 'unsent') await send(letter, atMs);
    if (truth === 'dead_again') await end(letter.jobId, 'dead_again');
    if (truth === 'gone') await end(letter.jobId, 'delivered');
  }

  async function send(letter: PlannedLetter, atMs: number): Promise<void> {
    const { jobId, diedAtMs } = letter;
    const edited = patch === null ? {} : await edit(jobId);
    if (edited === null) return end(jobId, 'skipped:invalid_patch');
    await write(jobId, 'sent');
    sentAtMs.set(jobId, atMs);
    const answer = await replayer.replay(jobId, { runId, diedAtMs, ...edited });
    if (answer !== 'replayed') await end(jobId, `skipped:${answer}`);
  }

  /** Null when the patch does not fit, also when the letter has gone: then `replay` would say so. */
  async function edit(jobId: string): Promise<{ editedEvent?: Record<string, unknown> } | null> {
    const [letter] = await readLetters(redis, channel, [jobId]);
    if (letter === undefined) return {};
    const patched = patchedEvent(letter, patch);
    return patched.ok ? { editedEvent: patched.event as Record<string, unknown> } : null;
  }

  /** How many more may be sent now, by the rate, the number under way and the canary. */
  function allowance(run: ReplayRun, atMs: number): number {
    budget = Math.min(
      budget + ((atMs - budgetAtMs) / 1_000) * run.maxPerSecond,
      Math.max(1, run.maxPerSecond),
    );
    budgetAtMs = atMs;
    const canary = isInCanary(run) ? run.canary - touched : Number.POSITIVE_INFINITY;
    return Math.min(Math.floor(budget), MAX_UNDER_WAY - schedule.underWay().length, canary);
  }

  /** Side by side: the letters that the schedule gives out at a time are of different calls. */
  async function sendAllowed(run: ReplayRun, atMs: number): Promise<void> {
    const letters: PlannedLetter[] = [];
    for (let left = allowance(run, atMs); left > 0; left -= 1) {
      const letter = schedule.next();
      if (letter === null) break;
      letters.push(letter);
    }
    budget -= letters.length;
    touched += letters.length;
    await Promise.all(letters.map((letter) => send(letter, atMs)));
  }

  return {
    async step(run, atMs) {
      await takeIn(atMs);
      if (isInCanary(run) && touched >= run.canary && schedule.underWay().length === 0) {
        if (await canaryFails(redis, run)) return 'stopped_by_canary';
        await redis.hset(runKeys(channel, runId).run, 'canaryPassed', '1');
        return 'going_on';
      }
      await sendAllowed(run, atMs);
      if (!schedule.isAtEnd()) return 'going_on';
      return (await releaseCalls(redis, run, schedule)) ? 'going_on' : 'at_end';
    },
  };
}

function isInCanary({ canary, count, isCanaryPassed }: ReplayRun): boolean {
  return canary > 0 && canary < count && !isCanaryPassed;
}

/** Whether too many of what was sent so far died again of one cause. */
async function canaryFails(redis: RedisConnection, { channel, id, canary }: ReplayRun): Promise<boolean> {
  const results = await readResults(redis, channel, id);
  const deadAgain = [...results].filter(([, result]) => result === 'dead_again').map(([jobId]) => jobId);
  const counts = new Map<string, number>();
  for (const { cause } of await readLetters(redis, channel, deadAgain)) {
    counts.set(cause.id, (counts.get(cause.id) ?? 0) + 1);
  }
  return Math.max(0, ...counts.values()) / canary > CANARY_DEAD_SHARE;
}

/** At the end: calls whose blocking letter is dead no more go on; the others' letters are skipped. */
async function releaseCalls(redis: RedisConnection, run: ReplayRun, schedule: RunSchedule): Promise<boolean> {
  let hasReleased = false;
  for (const { call, by, letters } of schedule.blocked()) {
    const isStillDead = (await readLetters(redis, run.channel, [by])).length > 0;
    if (run.onCallConflict === 'hold' && !isStillDead) {
      schedule.unblock(call);
      hasReleased = true;
      continue;
    }
    for (const { jobId } of letters) {
      await writeResult(redis, {
        channel: run.channel,
        runId: run.id,
        jobId,
        result: 'skipped:call_conflict',
      });
    }
  }
  return hasReleased;
}
