import type { Actor, AuditAction } from '../audit.js';
import type { RedisConnection } from '../redis.js';
import { auditRun } from './audit-run.js';
import { type ReplayRun, RUN_KEPT_MS, type RunState, readRun, runKeys } from './run.js';
import { readReport } from './run-results.js';

export type RunMove = 'start' | 'pause' | 'resume' | 'cancel' | 'stop_by_canary' | 'finish';

interface Move {
  readonly from: readonly RunState[];
  readonly to: RunState;
  readonly action: AuditAction;
}

/** From which states a run may move, and where to. Resuming a run that its canary stopped is a person's decision. */
const MOVES: Readonly<Record<RunMove, Move>> = {
  start: { from: ['planned'], to: 'running', action: 'replay_start' },
  pause: { from: ['running'], to: 'paused', action: 'replay_pause' },
  resume: { from: ['paused', 'stopped_by_canary'], to: 'running', action: 'replay_resume' },
  cancel: {
    from: ['planned', 'running', 'paused', 'stopped_by_canary'],
    to: 'cancelled',
    action: 'replay_cancel',
  },
  stop_by_canary: { from: ['running'], to: 'stopped_by_canary', action: 'replay_stopped' },
  finish: { from: ['running'], to: 'done', action: 'replay_ended' },
};

export type MoveAnswer =
  | { readonly status: 'moved'; readonly run: ReplayRun }
  /** The run is in a state from which this is not possible. */
  | { readonly status: 'refused'; readonly run: ReplayRun }
  /** The plan was not started in time, and its letters are forgotten. */
  | { readonly status: 'expired'; readonly run: ReplayRun }
  | { readonly status: 'not_found' };

/**
 * Look at the state and change it in one script, since a person and several workers may do so at a time. Who resumes a
 * run that its canary stopped has seen the canary. A run that is on its way is kept for as long as it takes; with its
 * end its letters go, and the rest of it after a while.
 * KEYS run, running, letters, results. ARGV new state, time field or '', time, run id, ms that an ended run is kept,
 * allowed states.
 */
const MOVE_SCRIPT = `
local state = redis.call('HGET', KEYS[1], 'state')
if not state then return 'not_found' end
for index = 6, #ARGV do
  if ARGV[index] == state then
    if state == 'planned' and ARGV[1] == 'running' and redis.call('EXISTS', KEYS[3]) == 0 then return 'expired' end
    redis.call('HSET', KEYS[1], 'state', ARGV[1])
    if ARGV[2] ~= '' then redis.call('HSETNX', KEYS[1], ARGV[2], ARGV[3]) end
    if state == 'stopped_by_canary' then redis.call('HSET', KEYS[1], 'canaryPassed', '1') end
    redis.call(ARGV[1] == 'running' and 'SADD' or 'SREM', KEYS[2], ARGV[4])
    if ARGV[2] == 'endedAtMs' then
      redis.call('UNLINK', KEYS[3])
      redis.call('PEXPIRE', KEYS[1], ARGV[5])
      redis.call('PEXPIRE', KEYS[4], ARGV[5])
    else
      redis.call('PERSIST', KEYS[1])
      redis.call('PERSIST', KEYS[3])
    end
    return 'moved'
  end
end
return 'refused'`;

export interface RunMoveOptions {
  readonly channel: string;
  readonly runId: string;
  readonly move: RunMove;
  readonly by: Actor;
  /** Unix ms. */
  readonly nowMs: number;
}

/** Moves a run from state to state, and tells the audit trail who did, with how far the run had got. */
export async function moveRun(
  redis: RedisConnection,
  { channel, runId, move, by, nowMs }: RunMoveOptions,
): Promise<MoveAnswer> {
  const { from, to, action } = MOVES[move];
  const keys = runKeys(channel, runId);
  const timeField = move === 'start' ? 'startedAtMs' : to === 'done' || to === 'cancelled' ? 'endedAtMs' : '';
  const status = (await redis.eval(
    MOVE_SCRIPT,
    4,
    keys.run,
    keys.running,
    keys.letters,
    keys.results,
    to,
    timeField,
    nowMs,
    runId,
    RUN_KEPT_MS,
    ...from,
  )) as MoveAnswer['status'];
  const run = await readRun(redis, channel, runId);
  if (status === 'not_found' || run === null) return { status: 'not_found' };
  if (status === 'moved') {
    const { skipped, ...others } = await readReport(redis, run);
    const counts = move === 'start' ? { planned: run.count } : { ...others, ...skipped };
    await auditRun(redis, run, { action, by, nowMs, counts });
  }
  return { status, run };
}
