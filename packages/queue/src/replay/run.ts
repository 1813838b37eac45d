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
 * When an earlier letter of a call dies again: `hold` the later ones as long as it is dead, `skip` them in this run, or
 * `continue` with them all the same.
 */
export type OnCallConflict = 'hold' | 'skip' | 'continue';

/** What was decided when the run was planned; it never changes. */
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

export function runKeys(channel: string, runId: string) {
  const run = queueKey(channel, `callpost:run:${runId}`);
  return {
    /** Sorted set: ids of all runs by the time of planning. */
    all: queueKey(channel, 'callpost:runs'),
    /** Set: ids of the runs that workers are to carry out. */
    running: queueKey(channel, 'callpost:runs:running'),
    /** Hash: the plan as JSON, and what changes. */
    run,
    /** List: the planned letters as JSON, in the order in which they are sent. */
    letters: `${run}:letters`,
    /** Hash: job id → {@link LetterResult}. */
    results: `${run}:results`,
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
  const ids = await redis.zrevrange(runKeys(channel, '').all, 0, -1);
  const runs = await Promise.all(ids.map((id) => readRun(redis, channel, id)));
  return runs.filter((run) => run !== null);
}

function runOf(plan: string, fields: Readonly<Record<string, string>>): ReplayRun {
  const time = (text: string | undefined) => (text === undefined ? null : Number(text));
  return {
    ...(JSON.parse(plan) as RunPlan),
    state: fields.state as RunState,
    maxPerSecond: Number(fields.maxPerSecond),
    startedAtMs: time(fields.startedAtMs),
    endedAtMs: time(fields.endedAtMs),
    isCanaryPassed: fields.canaryPassed === '1',
  };
}
