import { allSettled } from '../all-settled.js';
import { readLetters } from '../letters/read-letters.js';
import type { RedisConnection } from '../redis.js';
import { bringHome } from '../shards/bring-home.js';
import { readLayout } from '../shards/layout.js';
import { canaryFails, isInCanary } from './canary.js';
import { createFence } from './fence.js';
import { type Lease, LeaseLostError } from './lease.js';
import { type LetterTruth, letterTruths, notYetDead } from './letter-truth.js';
import { patchedEvent } from './plan-run.js';
import { type PlannedLetter, readPlannedLetters } from './planned-letters.js';
import type { Replayer } from './replayer.js';
import { type ReplayRun, runKeys } from './run.js';
import { type LetterResult, readResults, type SkipReason, writeResultsAsHolder } from './run-results.js';
import { createRunSchedule, type RunSchedule } from './run-schedule.js';

/** Letters of a run in the queue at a time, and letters tried in one step: pausing takes effect before the next ones. */
const MAX_UNDER_WAY = 500;
const MAX_TRIED = 1_000;
/** A letter under way for longer is looked for, in case the worker that settled it died before writing the result. */
const LOOK_AFTER_MS = 5_000;

export interface CarriedRun {
  /**
   * One step: takes in what was settled, then sends what may be sent now.
   *
   * @throws LeaseLostError when another worker carries the run out; nothing was sent since then
   */
  step(run: ReplayRun, nowMs: number): Promise<'going_on' | 'stopped_by_canary' | 'at_end'>;
}

export interface RunHolder {
  readonly redis: RedisConnection;
  readonly replayer: Replayer;
  readonly lease: Lease;
}

/**
 * Takes over a run where whoever had it before left it. All that matters is in Redis: that a letter is sent is written
 * in the script that makes it ready, and only a letter that is still dead of the planned death is sent, so none is sent
 * twice.
 */
export async function takeOverRun(
  { redis, replayer, lease }: RunHolder,
  taken: ReplayRun,
  nowMs: number,
): Promise<CarriedRun> {
  const { id: runId, channel, onCallConflict, patch } = taken;
  const fence = createFence(redis, taken, lease);
  await fence.raise();
  await bringHome(redis, channel, await readLayout(redis, channel), lease.renew);
  const letters = await readPlannedLetters(redis, channel, runId);
  const results = await readResults(redis, channel, runId);
  for (const jobId of await notYetDead(redis, taken, letters, results)) results.set(jobId, 'sent');
  const schedule = createRunSchedule(letters, results, onCallConflict);
  const sentAtMs = new Map(schedule.underWay().map(({ jobId }) => [jobId, nowMs - LOOK_AFTER_MS]));
  let sent = [...results.values()].filter((result) => !result.startsWith('skipped:')).length;
  let budget = 0;
  let budgetAtMs = nowMs;

  const write = (written: ReadonlyArray<readonly [string, LetterResult]>) =>
    writeResultsAsHolder(redis, { channel, runId, token: lease.token }, written);

  function settle(jobId: string, result: LetterResult): void {
    schedule.settle(jobId, result === 'delivered' || result === 'dead_again' ? result : 'skipped');
    sentAtMs.delete(jobId);
  }

  async function end(jobId: string, result: LetterResult): Promise<void> {
    await write([[jobId, result]]);
    settle(jobId, result);
  }

  const skip = (jobId: string, why: SkipReason) => end(jobId, `skipped:${why}`);

  /** What the workers have written about the letters under way, and for the doubtful what is true. */
  async function takeIn(atMs: number): Promise<void> {
    const underWay = schedule.underWay();
    if (underWay.length === 0) return;
    const written = await redis.hmget(runKeys(channel, runId).results, ...underWay.map(({ jobId }) => jobId));
    const doubtful: Doubtful[] = [];
    for (const [index, letter] of underWay.entries()) {
      const result = (written[index] ?? null) as LetterResult | null;
      const isOverdue = atMs - (sentAtMs.get(letter.jobId) ?? 0) >= LOOK_AFTER_MS;
      // That it died again is written before it is in the failed set: until it is there, it may yet be delivered.
      if (result === 'dead_again') doubtful.push({ letter, result });
      else if (result !== null && result !== 'sent') settle(letter.jobId, result);
      else if (isOverdue) doubtful.push({ letter, result });
    }
    const found = await letterTruths(
      redis,
      taken,
      doubtful.map(({ letter }) => letter),
    );
    for (const [index, doubt] of doubtful.entries()) await resolve(doubt, found[index] ?? 'queued', atMs);
  }

  async function resolve({ letter, result }: Doubtful, truth: LetterTruth, atMs: number): Promise<void> {
    const { jobId } = letter;
    sentAtMs.set(jobId, atMs);
    if (truth === 'queued') return;
    if (result === 'dead_again') return settle(jobId, result);
    // What nobody had sent before counts only now.
    if (truth === 'as_planned' && (await send(letter, true)) && result === null) sent += 1;
    if (truth === 'dead_again') await end(jobId, 'dead_again');
    // A letter that was sent and discarded would have another result: a discard tells the run.
    if (truth === 'gone' && result === 'sent') await end(jobId, 'delivered');
    else if (truth === 'gone' || truth === 'elsewhere') await skip(jobId, 'not_dead');
  }

  /** Whether it was sent; otherwise it is skipped. */
  async function send(letter: PlannedLetter, isAgain = false): Promise<boolean> {
    const { jobId, diedAtMs } = letter;
    const edited = patch === null ? {} : await edit(jobId);
    if (edited === null) {
      await skip(jobId, 'invalid_patch');
      return false;
    }
    const answer = await replayer.replay(jobId, {
      run: { id: runId, leaseToken: lease.token },
      diedAtMs,
      mustBeInOrder: onCallConflict !== 'continue',
      ...edited,
    });
    if (answer === 'lease_lost') throw new LeaseLostError(runKeys(channel, runId).lease);
    // It stays under way, and is looked for like one of which nothing was heard.
    if (answer === 'busy') return false;
    // The first try may be what took it out of the failed set: what is true is looked for once more.
    if (answer !== 'replayed' && !(answer === 'not_dead' && isAgain)) await skip(jobId, answer);
    return answer === 'replayed';
  }

  /** Null when the patch does not fit. When the letter has gone, `replay` will say so. */
  async function edit(jobId: string): Promise<{ editedEvent?: Record<string, unknown> } | null> {
    const [letter] = await readLetters(redis, channel, [jobId]);
    if (letter === undefined) return {};
    const patched = patchedEvent(letter, patch);
    return patched.ok ? { editedEvent: patched.event as Record<string, unknown> } : null;
  }

  /** How many more may be sent now, by the rate, the number under way and the canary. */
  function allowance(run: ReplayRun): number {
    const canary = isInCanary(run) ? run.canary - sent : Number.POSITIVE_INFINITY;
    return Math.min(Math.floor(budget), MAX_UNDER_WAY - schedule.underWay().length, canary);
  }

  /** Side by side: the letters that the schedule gives out at a time are of different calls. A skipped one costs none. */
  async function sendAllowed(run: ReplayRun, atMs: number): Promise<void> {
    const { maxPerSecond } = run;
    budget = Math.min(budget + ((atMs - budgetAtMs) / 1_000) * maxPerSecond, Math.max(1, maxPerSecond));
    budgetAtMs = atMs;
    for (let tried = 0; tried < MAX_TRIED; ) {
      const some = takeNext(schedule, allowance(run));
      if (some.length === 0) return;
      for (const { jobId } of some) sentAtMs.set(jobId, atMs);
      const areSent = await allSettled(some.map((letter) => send(letter)));
      tried += some.length;
      const newlySent = areSent.filter(Boolean).length;
      budget -= newlySent;
      sent += newlySent;
    }
  }

  /** At the end: calls whose blocking letter is dead no more go on; the others' letters are skipped. */
  async function releaseCalls(run: ReplayRun): Promise<boolean> {
    const blocked = schedule.blocked();
    const mayGoOn = run.onCallConflict === 'hold';
    const blockers = mayGoOn
      ? await readLetters(
          redis,
          channel,
          blocked.map(({ by }) => by),
        )
      : [];
    const stillDead = new Set(blockers.map(({ jobId }) => jobId));
    const freed = mayGoOn ? blocked.filter(({ by }) => !stillDead.has(by)) : [];
    for (const { call } of freed) schedule.unblock(call);
    if (freed.length > 0) return true;
    await write(
      blocked.flatMap(({ letters: held }) =>
        held.map(({ jobId }) => [jobId, 'skipped:call_conflict'] as const),
      ),
    );
    return false;
  }

  return {
    async step(run, atMs) {
      await fence.raise();
      await takeIn(atMs);
      if (isInCanary(run) && sent >= run.canary && schedule.underWay().length === 0) {
        if (await canaryFails(redis, run)) return 'stopped_by_canary';
        await redis.hset(runKeys(channel, runId).run, 'canaryPassed', '1');
        return 'going_on';
      }
      await sendAllowed(run, atMs);
      if (!schedule.isAtEnd()) return 'going_on';
      return (await releaseCalls(run)) ? 'going_on' : 'at_end';
    },
  };
}

interface Doubtful {
  readonly letter: PlannedLetter;
  /** Null: it was about to be sent, and nothing was written. */
  readonly result: 'sent' | 'dead_again' | null;
}

function takeNext(schedule: RunSchedule, count: number): PlannedLetter[] {
  const letters: PlannedLetter[] = [];
  while (letters.length < count) {
    const letter = schedule.next();
    if (letter === null) break;
    letters.push(letter);
  }
  return letters;
}
