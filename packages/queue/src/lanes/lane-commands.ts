import { addStandardJob } from 'bullmq/dist/esm/scripts/addStandardJob-9.js';
import { moveToFinished } from 'bullmq/dist/esm/scripts/moveToFinished-14.js';
import { reprocessJob } from 'bullmq/dist/esm/scripts/reprocessJob-9.js';
import type { RedisConnection } from '../redis.js';
import { DELIVER_LUA } from './deliver-lua.js';
import { GENERATION_SETTING, LANE_FIELD, OVERTAKEN_BY_FIELD, OVERTAKEN_FIELD } from './lane-keys.js';
import { bullmqFunction, bullmqParts, forEach, LANE_LUA } from './lane-lua.js';

/*
 * BullMQ's own scripts, each with what the lanes do at that moment around it. One script, so that an event has its place
 * from the moment it exists, and the next one of its call is woken in the moment this one is delivered or dead: no crash
 * can come between. BullMQ's text is taken from the pinned version as it is; `bullmq-scripts.test.ts` says when it
 * changes.
 */

export const ADD_TOGETHER = 'addTogether';
export const DELIVER_TOGETHER = 'deliverTogether';
export const MOVE_TO_FINISHED = 'moveToFinished';
const bullmqAdd = bullmqParts(addStandardJob, 'if parentKey ~= nil then');
const bullmqFinish = bullmqParts(moveToFinished, 'local jobIdKey = KEYS[12]');
/** Of each event. */
const ADD_ARGUMENTS = 6;

export interface LaneCommand {
  /** BullMQ's, or ours. */
  readonly name: string;
  readonly numberOfKeys: number;
  readonly lua: string;
}

/**
 * Enqueue: each event is added by BullMQ's script and takes its place in its lane. An id is known while its event is in
 * the queue or a dead letter, and for a time after it was delivered.
 *
 * This is also the gate that keeps calls in order while a channel is spread over another number of queues
 * (`shards/layout.ts`). A producer comes with the generation of the layout by which it chose this queue. It walks the
 * call's path, former homes first, where an event only joins a lane that there is; in the last, the call's home of now,
 * it may open one. The newest generation that has come by is kept here, and whoever comes with an older one is refused.
 *
 * So a call whose events are still at a former home goes on there until its lane is empty, and begins at its new home
 * then. Nobody has to wait or to look: at a former home a lane is only opened by who knows no newer layout, and who opened
 * the lane at the new home came by here before, with a generation that has shut that out from then on. Ids are looked up
 * in the same places, so what was known stays known. Undivided, all this is one HGET.
 *
 * KEYS: BullMQ's, the same for every job. ARGV: key prefix; generation of the producer's layout; 1 if a lane may be
 * opened; and for each event BullMQ's three arguments, its job id, its call, and Unix ms.
 *
 * @returns for each event 1 accepted, 0 the id was known, -1 nothing of its call is here and it was not added, or its
 *   error; or, when the generation is an old one and nothing was added, a number alone: the newest known here
 */
const ADD: LaneCommand = {
  name: ADD_TOGETHER,
  numberOfKeys: 9,
  lua: `
${LANE_LUA.COUNT_TOGETHER}
${LANE_LUA.FOLLOW}
${LANE_LUA.JOIN}
${bullmqAdd.functions}
${bullmqAdd.main}
local prefix, mayOpen = ARGV[1], ARGV[3] == '1'
local known = tonumber(redis.call('HGET', prefix .. 'callpost:settings', '${GENERATION_SETTING}') or 0)
if tonumber(ARGV[2]) < known then return known end
if tonumber(ARGV[2]) > known then
  redis.call('HSET', prefix .. 'callpost:settings', '${GENERATION_SETTING}', ARGV[2])
end
local function add(packed, data, options, jobId, call, nowMs)
  if redis.call('EXISTS', prefix .. jobId, prefix .. 'de:' .. jobId) > 0 then return 0 end
  if not mayOpen and redis.call('HEXISTS', prefix .. 'callpost:lanes', call) == 0 then return -1 end
  local added = bullmq(KEYS, {packed, data, options})
  if type(added) == 'number' and added < 0 then return redis.error_reply('ERR addStandardJob ' .. added) end
  return join(KEYS[1], jobId, call, tonumber(nowMs), prefix)
end
${forEach('add', 4, ADD_ARGUMENTS)}
writeCount(prefix)
return answers`,
};

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
