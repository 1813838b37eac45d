import { addStandardJob } from 'bullmq/dist/esm/scripts/addStandardJob-9.js';
import { moveToFinished } from 'bullmq/dist/esm/scripts/moveToFinished-14.js';
import { reprocessJob } from 'bullmq/dist/esm/scripts/reprocessJob-9.js';
import { LANE_FIELD } from './lane-keys.js';
import { bullmqFunction, LANE_LUA } from './lane-lua.js';

/*
 * BullMQ's own scripts, each with what the lanes do at that moment around it. One script, so that an event has its place
 * from the moment it exists, and the next one of its call is woken in the moment this one is delivered or dead: no crash
 * can come between. BullMQ's text is taken from the pinned version as it is; `bullmq-scripts.test.ts` says when it
 * changes.
 */

export interface LaneCommand {
  /** As BullMQ calls it. */
  readonly name: string;
  readonly numberOfKeys: number;
  readonly lua: string;
}

/**
 * Enqueue. After BullMQ's arguments: job id, call, Unix ms, key prefix. The id is known while the event is in the queue or
 * a dead letter, and for a time after it was delivered.
 *
 * @returns 1 accepted, 0 the id was known
 */
const ADD: LaneCommand = {
  name: 'addStandardJob',
  numberOfKeys: 9,
  lua: `
${LANE_LUA.FOLLOW}
${LANE_LUA.JOIN}
${bullmqFunction(addStandardJob)}
local jobId, call, nowMs, prefix = ARGV[4], ARGV[5], tonumber(ARGV[6]), ARGV[7]
if redis.call('EXISTS', prefix .. jobId, prefix .. 'de:' .. jobId) > 0 then return 0 end
local added = bullmq(KEYS, ARGV)
if type(added) == 'number' and added < 0 then return redis.error_reply('ERR addStandardJob ' .. added) end
return join(KEYS[1], jobId, call, nowMs, prefix)`,
};

/**
 * Delivered or dead. After BullMQ's arguments: how long the id of a delivered event is remembered, in ms. The next of the
 * call is woken first, so that BullMQ's look for the next job can already find it; the lock decides beforehand, as it
 * does in BullMQ's script, whether this worker still may.
 */
const FINISH: LaneCommand = {
  name: 'moveToFinished',
  numberOfKeys: 14,
  lua: `
${LANE_LUA.WAKE}
${LANE_LUA.ADVANCE}
${bullmqFunction(moveToFinished)}
local jobKey, jobId, target, prefix = KEYS[12], ARGV[1], ARGV[5], ARGV[7]
local place = redis.call('HMGET', jobKey, '${LANE_FIELD}', 'timestamp')
local call = place[1]
if call and redis.call('GET', jobKey .. ':lock') == cmsgpack.unpack(ARGV[8])['token'] then
  if redis.call('HGET', prefix .. 'callpost:lanes', call) == jobId then
    local nextId = advance(prefix, call)
    if nextId then wake(prefix, nextId) end
  end
  local delivered = prefix .. 'callpost:calls:delivered'
  if target == 'failed' then
    redis.call('HDEL', jobKey, '${LANE_FIELD}')
    redis.call('HSETNX', delivered, call, '0')
  else
    redis.call('SET', prefix .. 'de:' .. jobId, 1, 'PX', ARGV[10])
    local newest = redis.call('HGET', delivered, call)
    if newest and tonumber(newest) < tonumber(place[2]) then redis.call('HSET', delivered, call, place[2]) end
  end
end
return bullmq(KEYS, ARGV)`,
};

/** Replay: the letter goes to the end of its call's lane. What it needs is in the job: its key, and its call. */
const REPLAY: LaneCommand = {
  name: 'reprocessJob',
  numberOfKeys: 9,
  lua: `
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

export const LANE_COMMANDS: readonly LaneCommand[] = [ADD, FINISH, REPLAY];
