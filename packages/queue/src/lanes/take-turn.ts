import { JOB_NAME, queueKey } from '../names.js';
import type { RedisConnection } from '../redis.js';
import type { Home } from '../shards/layout.js';
import { LANE_FIELD, OVERTAKEN_BY_FIELD, OVERTAKEN_FIELD, PARKED } from './lane-keys.js';
import { LANE_LUA } from './lane-lua.js';

/**
 * `turn`: the event may go; `overtaken` says how many earlier ones of its call lost their place because it had waited for
 * them long enough. `parked`: it is not its turn, and it is parked again already. `lost`: it is another worker's now.
 */
export type Turn =
  | { readonly status: 'turn'; readonly overtaken: number }
  | { readonly status: 'parked' }
  | { readonly status: 'lost' };

export interface TurnQuestion {
  readonly home: Home;
  readonly jobId: string;
  /** By its data; null when that does not say. What is written to the job goes before. */
  readonly call: string | null;
  /** Of the lock under which the worker holds the event. */
  readonly token: string;
  /** Whether it has waited for as long as an event may wait for earlier ones. */
  readonly isHoldOver: boolean;
  /** Unix ms: when to look again if it is not its turn. */
  readonly lookAgainAtMs: number;
}

/**
 * A parked event came back by its timer. It goes if it is the first of its call, or if all before it are gone, or if it
 * has waited long enough and those before it are not being sent at the moment: these lose their place then, are marked with
 * who took it, and are sent when their own time comes. What is before it and waits for a wake that never came is woken.
 * KEYS job. ARGV prefix, job id, token, hold is over, look again at, call or ''.
 */
const TAKE_TURN = `
${LANE_LUA.COUNT}
${LANE_LUA.WAKE}
${LANE_LUA.ADVANCE}
local prefix, jobId = ARGV[1], ARGV[2]
local call = redis.call('HGET', KEYS[1], '${LANE_FIELD}') or ARGV[6] ~= '' and ARGV[6]
local first = call and redis.call('HGET', prefix .. 'callpost:lanes', call)
local overtaken = 0
while first and first ~= jobId do
  if not isGone(prefix, first) then
    local isDelayed = redis.call('ZSCORE', prefix .. 'delayed', first)
    if not isDelayed then break end
    if redis.call('HGET', prefix .. first, 'name') == '${PARKED}' then
      wake(prefix, first, call)
      break
    end
    if ARGV[4] ~= '1' then break end
    redis.call('HDEL', prefix .. first, '${LANE_FIELD}')
    local by = redis.call('HGET', KEYS[1], 'timestamp') .. ' ' .. jobId
    redis.call('HSET', prefix .. first, '${OVERTAKEN_FIELD}', call, '${OVERTAKEN_BY_FIELD}', by)
    overtaken = overtaken + 1
  end
  first = advance(prefix, call)
end
if first and first ~= jobId then
  if redis.call('GET', KEYS[1] .. ':lock') ~= ARGV[3] then return -2 end
  redis.call('DEL', KEYS[1] .. ':lock')
  redis.call('SREM', prefix .. 'stalled', jobId)
  redis.call('LREM', prefix .. 'active', -1, jobId)
  redis.call('ZADD', prefix .. 'delayed', ARGV[5] * 0x1000, jobId)
  return -1
end
redis.call('HSET', KEYS[1], 'name', '${JOB_NAME}')
if first then redis.call('HSET', KEYS[1], '${LANE_FIELD}', call) end
return overtaken`;

export async function takeTurn(redis: RedisConnection, question: TurnQuestion): Promise<Turn> {
  const { home, jobId, call, token, isHoldOver, lookAgainAtMs } = question;
  const reply = Number(
    await redis.eval(
      TAKE_TURN,
      1,
      queueKey(home, jobId),
      queueKey(home, ''),
      jobId,
      token,
      isHoldOver ? 1 : 0,
      lookAgainAtMs,
      call ?? '',
    ),
  );
  if (reply === -2) return { status: 'lost' };
  return reply === -1 ? { status: 'parked' } : { status: 'turn', overtaken: reply };
}
