import { DEFAULT_LANE_MAX_HOLD_MS, LANE_FIELD, MAX_HOLD_SETTING, PARKED_REASON } from './lane-keys.js';

/*
 * What the lanes' scripts share. A parked event is a delayed job of BullMQ whose time is the end of its hold, so that it
 * comes back by BullMQ's own doing even if nobody ever wakes it. `prefix` is the queue's key prefix.
 */

/** Ends what an event in wait or prioritized can do, until it is woken or its hold ends. */
const PARK = `
local function park(prefix, jobId, nowMs)
  local holdMs = tonumber(redis.call('HGET', prefix .. 'callpost:settings', '${MAX_HOLD_SETTING}')) or ${DEFAULT_LANE_MAX_HOLD_MS}
  redis.call('ZADD', prefix .. 'delayed', (nowMs + holdMs) * 0x1000, jobId)
  redis.call('ZADD', prefix .. 'callpost:parked', nowMs, jobId)
  redis.call('HSET', prefix .. jobId, 'delay', holdMs, 'failedReason', '${PARKED_REASON}')
end`;

/** A parked event goes to where it is taken next: it has waited longer than what waits there. */
const WAKE = `
local function wake(prefix, jobId)
  if redis.call('ZREM', prefix .. 'callpost:parked', jobId) == 0 then return end
  if redis.call('ZREM', prefix .. 'delayed', jobId) == 0 then return end
  local jobKey = prefix .. jobId
  local priority = tonumber(redis.call('HGET', jobKey, 'priority')) or 0
  redis.call('HDEL', jobKey, 'failedReason')
  redis.call('HSET', jobKey, 'delay', 0)
  if priority == 0 then
    redis.call('RPUSH', prefix .. 'wait', jobId)
  else
    redis.call('ZADD', prefix .. 'prioritized', priority * 0x100000000, jobId)
  end
  redis.call('ZADD', prefix .. 'marker', 0, '0')
end`;

/** Whether an event will never leave its lane by itself: it was removed by hand, or died without leaving. */
const IS_GONE = `
local function isGone(prefix, jobId)
  return redis.call('EXISTS', prefix .. jobId) == 0 or redis.call('ZSCORE', prefix .. 'failed', jobId)
end`;

const FORGET_FIRST = `
local function forgetFirst(prefix, lane, jobId)
  redis.call('LPOP', lane)
  redis.call('ZREM', prefix .. 'callpost:parked', jobId)
end`;

/** An event leaves its lane, and the next one that is still there is woken. */
const LEAVE = `
local function leave(prefix, jobId, call)
  local lane = prefix .. 'callpost:lane:' .. call
  if redis.call('LINDEX', lane, 0) ~= jobId then
    redis.call('LREM', lane, 1, jobId)
    return
  end
  redis.call('LPOP', lane)
  local first = redis.call('LINDEX', lane, 0)
  while first and isGone(prefix, first) do
    forgetFirst(prefix, lane, first)
    first = redis.call('LINDEX', lane, 0)
  end
  if first then wake(prefix, first) end
end`;

/**
 * Right after BullMQ added a job: it is new if it is the last in the queue and has no place yet; otherwise its id was
 * known and BullMQ did nothing.
 */
const JOIN = `
local function join(waitKey, jobId, call, nowMs, prefix)
  if redis.call('LINDEX', waitKey, 0) ~= jobId then return 0 end
  if redis.call('HSETNX', prefix .. jobId, '${LANE_FIELD}', call) == 0 then return 0 end
  if redis.call('RPUSH', prefix .. 'callpost:lane:' .. call, jobId) > 1 then
    redis.call('LPOP', waitKey)
    park(prefix, jobId, nowMs)
  end
  return 1
end`;

export const LANE_LUA = { PARK, WAKE, IS_GONE, FORGET_FIRST, LEAVE, JOIN };

/** A script of BullMQ as a function of ours, so that what we do before and after it is one script with it. */
export function bullmqFunction(script: { readonly content: string }): string {
  return `local function bullmq(KEYS, ARGV)\n${script.content}\nend`;
}
