import type { Actor } from '../audit.js';
import type { RedisConnection } from '../redis.js';
import { auditRun } from './audit-run.js';
import { type OnCallConflict, type ReplayRun, type RunState, readRun, runKeys } from './run.js';

export type ChangeAnswer =
  | { readonly status: 'changed'; readonly run: ReplayRun }
  /** The run is in a state in which this is not possible any more. */
  | { readonly status: 'refused'; readonly run: ReplayRun }
  | { readonly status: 'not_found' };

/** KEYS run. ARGV field, value, allowed states. */
const CHANGE_SCRIPT = `
local state = redis.call('HGET', KEYS[1], 'state')
for index = 3, #ARGV do
  if ARGV[index] == state then
    redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
    return 1
  end
end
return 0`;

/** Changes how many letters a second are sent at most, also while it runs. */
export async function setRunRate(
  redis: RedisConnection,
  options: { channel: string; runId: string; maxPerSecond: number; by: Actor; nowMs: number },
): Promise<ChangeAnswer> {
  const { channel, runId, maxPerSecond, by, nowMs } = options;
  const before = await readRun(redis, channel, runId);
  const answer = await changeRun(redis, channel, runId, ['maxPerSecond', maxPerSecond], UNTIL_ITS_END);
  if (answer.status === 'changed') {
    const counts = { maxPerSecond, maxPerSecondBefore: before?.maxPerSecond ?? maxPerSecond };
    await auditRun(redis, answer.run, { action: 'replay_rate', by, nowMs, counts });
  }
  return answer;
}

const UNTIL_ITS_END: readonly RunState[] = ['planned', 'running', 'paused', 'stopped_by_canary'];

/** Only before it is started: whoever carries it out has decided by then. */
export function setRunConflictRule(
  redis: RedisConnection,
  { channel, runId, onCallConflict }: { channel: string; runId: string; onCallConflict: OnCallConflict },
): Promise<ChangeAnswer> {
  return changeRun(redis, channel, runId, ['onCallConflict', onCallConflict], ['planned']);
}

async function changeRun(
  redis: RedisConnection,
  channel: string,
  runId: string,
  change: readonly [field: string, value: string | number],
  allowed: readonly RunState[],
): Promise<ChangeAnswer> {
  const changed = await redis.eval(CHANGE_SCRIPT, 1, runKeys(channel, runId).run, ...change, ...allowed);
  const run = await readRun(redis, channel, runId);
  if (run === null) return { status: 'not_found' };
  return { status: changed === 1 ? 'changed' : 'refused', run };
}
