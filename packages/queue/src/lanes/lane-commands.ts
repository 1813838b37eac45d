import { moveToFinished } from 'bullmq/dist/esm/scripts/moveToFinished-14.js';
import { reprocessJob } from 'bullmq/dist/esm/scripts/reprocessJob-9.js';
import type { RedisConnection } from '../redis.js';
import { ADD_LUA } from './add-lua.js';
import { DELIVER_LUA } from './deliver-lua.js';
import { LANE_FIELD, OVERTAKEN_BY_FIELD, OVERTAKEN_FIELD } from './lane-keys.js';
import { bullmqFunction, bullmqParts, LANE_LUA } from './lane-lua.js';

/*
 * What BullMQ's scripts do, each with what the lanes do at that moment. One script, so that an event has its place from the
 * moment it exists, and the next one of its call is woken in the moment this one is delivered or dead: no crash can come
 * between. What every event goes through, `ADD` and `DELIVER`, are scripts of our own; around what is rare is BullMQ's text,
 * taken from the pinned version as it is. `bullmq-scripts.test.ts` says when any of it changes.
 */

export const ADD_TOGETHER = 'addTogether';
export const DELIVER_TOGETHER = 'deliverTogether';
export const MOVE_TO_FINISHED = 'moveToFinished';
const bullmqFinish = bullmqParts(moveToFinished, 'local jobIdKey = KEYS[12]');

export interface LaneCommand {
  /** BullMQ's, or ours. */
  readonly name: string;
  readonly numberOfKeys: number;
  readonly lua: string;
}

/** Enqueue: many at a time. */
const ADD: LaneCommand = { name: ADD_TOGETHER, numberOfKeys: 1, lua: ADD_LUA };

/**
 * Dead; or delivered, where `DELIVER` leaves it to BullMQ. The event leaves its lane in the moment when BullMQ has found that
 * this worker still holds it, and before BullMQ looks for the next job, which can be the one that was woken.
 *
 * KEYS and ARGV: BullMQ's; then how long the id of a delivered event is remembered, in ms.
 */
const FINISH: LaneCommand = {
  name: MOVE_TO_FINISHED,
  numberOfKeys: 14,
  lua: `
${LANE_LUA.COUNT}
${LANE_LUA.WAKE}
${LANE_LUA.ADVANCE}
${LANE_LUA.REMEMBER}
${bullmqFinish.functions}
local target, prefix, dedupWindowMs = ARGV[5], ARGV[7], ARGV[10]
local lanes, delivered = prefix .. 'callpost:lanes', prefix .. 'callpost:calls:delivered'
local function leaveLane(jobKey, jobId)
  local place = redis.call('HMGET', jobKey, '${LANE_FIELD}', 'timestamp', '${OVERTAKEN_FIELD}', '${OVERTAKEN_BY_FIELD}')
  local call = place[1] or place[3]
  if not call then return end
  if redis.call('HGET', lanes, call) == jobId then
    local _, isWoken = advance(prefix, call, true)
    if isWoken then callWorkers(prefix) end
  end
  if target == 'failed' then
    redis.call('HDEL', jobKey, '${LANE_FIELD}', '${OVERTAKEN_FIELD}', '${OVERTAKEN_BY_FIELD}')
    redis.call('HSETNX', delivered, call, '0')
    rememberOvertaker(prefix, call, place[4])
  else
    rememberId(prefix, jobId, dedupWindowMs)
    rememberNewest(prefix, call, place[2])
  end
end
local removeLockOfBullmq = removeLock
removeLock = function(jobKey, stalledKey, token, jobId)
  local refusal = removeLockOfBullmq(jobKey, stalledKey, token, jobId)
  if refusal == 0 then leaveLane(jobKey, jobId) end
  return refusal
end
${bullmqFinish.main}
return bullmq(KEYS, ARGV)`,
};

/** Replay: the letter goes to the end of its call's lane. What it needs is in the job: its key, and its call. */
const REPLAY: LaneCommand = {
  name: 'reprocessJob',
  numberOfKeys: 9,
  lua: `
${LANE_LUA.COUNT}
${LANE_LUA.FOLLOW}
${bullmqFunction(reprocessJob)}
local result = bullmq(KEYS, ARGV)
local jobId, call = ARGV[1], redis.call('HGET', KEYS[1], '${LANE_FIELD}')
if result ~= 1 or not call then return result end
local prefix = string.sub(KEYS[4], 1, -5)
if redis.call('HSETNX', prefix .. 'callpost:lanes', call, jobId) == 0 then
  if redis.call('ZREM', KEYS[8], jobId) == 0 then redis.call('LREM', KEYS[4], 1, jobId) end
  local now = redis.call('TIME')
  follow(prefix, jobId, call, now[1] * 1000 + math.floor(now[2] / 1000))
end
return result`,
};

/** Delivered, as most events are: many at a time, and with a script of our own. */
const DELIVER: LaneCommand = { name: DELIVER_TOGETHER, numberOfKeys: 1, lua: DELIVER_LUA };

export const LANE_COMMANDS: readonly LaneCommand[] = [ADD, FINISH, DELIVER, REPLAY];

/** The name under which a connection knows the command. */
export function ourCommand(name: string): string {
  return `callpost:${name}`;
}

export function defineLaneCommands(redis: RedisConnection): void {
  for (const { name, numberOfKeys, lua } of LANE_COMMANDS) {
    if (!(ourCommand(name) in redis)) redis.defineCommand(ourCommand(name), { numberOfKeys, lua });
  }
}
