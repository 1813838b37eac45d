import { queueKey } from '../names.js';
import type { RedisConnection } from '../redis.js';

/**
 * A replay run: dead letters chosen once, carried out by the workers, whoever started it and whatever crashes.
 *
 * `planned` → `running` ⇄ `paused` → `done`; `cancelled` and `stopped_by_canary` leave what was not sent dead.
 */
export const RUN_STATES = ['planned', 'running', 'paused', 'stopped_by_canary', 'cancelled', 'done'] as const;

export type RunState = (typeof RUN_STATES)[number];

/**
 * What to do with a letter that would come out of the order of its call.
 *
 * An earlier letter of its call dies again: `hold` it as long as that one is dead, `skip` it in this run, or `continue`
 * with it all the same. Newer events of its call were delivered since it died: no waiting helps, so `hold` and `skip`
 * skip it; `continue` sends it.
 */
export type OnCallConflict = 'hold' | 'skip' | 'continue';

/** What was decided when the run was planned. Of it only `onCallConflict` may still change, until it is started. */
export interface RunPlan {
  readonly id: string;
  readonly channel: string;
  /** Unix ms. */
  readonly plannedAtMs: number;
  readonly who: string;
  readonly comment: string | null;
  /** As the person gave it, with absolute times. */
  readonly filter: Readonly<Record<string, unknown>>;
  /** How many letters. */
  readonly count: number;
  /** Of these, how many had newer events of their call delivered already when they were planned. */
  readonly newerDelivered: number;
  /** So many are sent first; the rest only if these fare well. 0: no canary. */
  readonly canary: number;
  readonly onCallConflict: OnCallConflict;
  /** JSON Merge Patch for every letter's event; null to send it as it is. */
  readonly patch: Readonly<Record<string, unknown>> | null;
}

export interface ReplayRun extends RunPlan {
  readonly state: RunState;
  /** Letters a second at most; can be changed while it runs. */
  readonly maxPerSecond: number;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly isCanaryPassed: boolean;
}

/** For how long a plan can be started: after it, its letters are forgotten. */
export const PLAN_KEPT_MS = 7 * 86_400_000;
/** For how long an ended run and its results are kept. What it came to is in the audit trail for ever. */
export const RUN_KEPT_MS = 90 * 86_400_000;

/** Ends the key of a run's letters, which begins with the run's. */
export const LETTERS_SUFFIX = ':letters';
/** The same of its results. */
export const RESULTS_SUFFIX = ':results';

export function runKeys(channel: string, runId: string) {
  const run = queueKey(channel, `callpost:run:${runId}`);
  return {
    /** Sorted set: ids of all runs by the time of planning. */
    all: queueKey(channel, 'callpost:runs'),
    /** Set: ids of the runs that workers are to carry out. */
    running: queueKey(channel, 'callpost:runs:running'),
    /** Hash: the plan as JSON, and what changes. */
    run,
    /**
     * List: the planned letters as JSON, in the order in which they are sent. It holds the keys of calls, which may be
     * phone numbers, so it goes with the end of the run, and a plan that nobody starts keeps it for a while only.
     */
    letters: `${run}${LETTERS_SUFFIX}`,
    /** Hash: job id → {@link LetterResult}; of at least one letter from the first that is sent. */
    results: `${run}${RESULTS_SUFFIX}`,
    /** Which worker carries it out. */
    lease: `${run}:lease`,
  };
}

export async function readRun(
  redis: RedisConnection,
  channel: string,
  runId: string,
): Promise<ReplayRun | null> {
  const fields = await redis.hgetall(runKeys(channel, runId).run);
  return fields.plan === undefined ? null : runOf(fields.plan, fields);
}

/** Newest first. */
export async function listRuns(redis: RedisConnection, channel: string): Promise<ReplayRun[]> {
  const { all } = runKeys(channel, '');
  const ids = await redis.zrevrange(all, 0, -1);
  const runs = await Promise.all(ids.map((id) => readRun(redis, channel, id)));
  const forgotten = ids.filter((_, index) => runs[index] === null);
  if (forgotten.length > 0) await redis.zrem(all, ...forgotten);
  return runs.filter((run) => run !== null);
}

function runOf(plan: string, fields: Readonly<Record<string, string>>): ReplayRun {
  const time = (text: string | undefined) => (text === undefined ? null : Number(text));
  const planned = JSON.parse(plan) as RunPlan;
  return {
    ...planned,
    onCallConflict: (fields.onCallConflict as OnCallConflict | undefined) ?? planned.onCallConflict,
    state: fields.state as RunState,
    maxPerSecond: Number(fields.maxPerSecond),
    startedAtMs: time(fields.startedAtMs),
    endedAtMs: time(fields.endedAtMs),
    isCanaryPassed: fields.canaryPassed === '1',
  };
}
