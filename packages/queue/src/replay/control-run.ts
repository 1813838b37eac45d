import type { RedisConnection } from '../redis.js';
import { type ReplayRun, type RunState, readRun, runKeys } from './run.js';

export type RunMove = 'start' | 'pause' | 'resume' | 'cancel' | 'stop_by_canary' | 'finish';

/** From which states a run may move, and where to. Resuming a run that its canary stopped is a person's decision. */
const MOVES: Readonly<Record<RunMove, { from: readonly RunState[]; to: RunState }>> = {
  start: { from: ['planned'], to: 'running' },
  pause: { from: ['running'], to: 'paused' },
  resume: { from: ['paused', 'stopped_by_canary'], to: 'running' },
  cancel: { from: ['planned', 'running', 'paused', 'stopped_by_canary'], to: 'cancelled' },
  stop_by_canary: { from: ['running'], to: 'stopped_by_canary' },
  finish: { from: ['running'], to: 'done' },
};

export type MoveAnswer =
  | { readonly status: 'moved'; readonly run: ReplayRun }
  /** The run is in a state from which this is not possible. */
  | { readonly status: 'refused'; readonly run: ReplayRun }
  | { readonly status: 'not_found' };

/**
 * Look at the state and change it in one script, since a person and several workers may do so at a time. Who resumes a
 * run that its canary stopped has seen the canary.
 * KEYS run, running. ARGV new state, time field or '', time, run id, allowed states.
 */
const MOVE_SCRIPT = `
local state = redis.call('HGET', KEYS[1], 'state')
if not state then return -1 end
for index = 5, #ARGV do
  if ARGV[index] == state then
    redis.call('HSET', KEYS[1], 'state', ARGV[1])
    if ARGV[2] ~= '' then redis.call('HSETNX', KEYS[1], ARGV[2], ARGV[3]) end
    if state == 'stopped_by_canary' then redis.call('HSET', KEYS[1], 'canaryPassed', '1') end
    redis.call(ARGV[1] == 'running' and 'SADD' or 'SREM', KEYS[2], ARGV[4])
    return 1
  end
end
return 0`;

/** @param nowMs Unix ms */
export async function moveRun(
  redis: RedisConnection,
  { channel, runId, move, nowMs }: { channel: string; runId: string; move: RunMove; nowMs: number },
): Promise<MoveAnswer> {
  const { from, to } = MOVES[move];
  const keys = runKeys(channel, runId);
  const timeField = move === 'start' ? 'startedAtMs' : to === 'done' || to === 'cancelled' ? 'endedAtMs' : '';
  const moved = await redis.eval(
    MOVE_SCRIPT,
    2,
    keys.run,
    keys.running,
    to,
    timeField,
    nowMs,
    runId,
    ...from,
  );
  const run = await readRun(redis, channel, runId);
  if (run === null) return { status: 'not_found' };
  return { status: moved === 1 ? 'moved' : 'refused', run };
}

/** Changes how many letters a second are sent at most, also while it runs. False when there is no such run. */
export async function setRunRate(
  redis: RedisConnection,
  { channel, runId, maxPerSecond }: { channel: string; runId: string; maxPerSecond: number },
): Promise<boolean> {
  const { run } = runKeys(channel, runId);
  if ((await redis.exists(run)) === 0) return false;
  await redis.hset(run, 'maxPerSecond', maxPerSecond);
  return true;
}
