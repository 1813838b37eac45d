import { moveToFinished } from 'bullmq/dist/esm/scripts/moveToFinished-14.js';
import { JOB_NAME } from '../names.js';
import { NOT_PLAIN } from './deliver-together.js';
import { LANE_FIELD, OVERTAKEN_FIELD } from './lane-keys.js';
import { bullmqParts, forEach, LANE_LUA, WOKEN } from './lane-lua.js';

/*
 * What becomes of a delivered event is most of what Redis does for Callpost. So it is not BullMQ's script that does it but
 * this one, which leaves the same behind with half the commands, since it knows more: the job is removed, what holds for the
 * queue holds for all jobs of one script, the event that is woken is the one that is taken next, and one that was enqueued
 * into a lane is no part of a flow. What is not plain is left to BullMQ: a job that is part of a flow or deduplicated by
 * BullMQ, and taking the next one where the queue is paused, limited, or has nothing but prioritised jobs.
 *
 * `deliver-together.test.ts` compares what both leave behind.
 */

/** Of BullMQ's functions those that take a job, which come first: each costs every script a tenth of a microsecond. */
const TAKE_BY_BULLMQ = bullmqParts(
  moveToFinished,
  'local function addDelayMarkerIfNeeded(markerKey, delayedKey)',
).functions;

/** An event, if it is still this worker's, leaves Redis and its lane. Its id is remembered. The woken one is in `woken`. */
const LEAVE = `
local woken, laneOfWoken
local function unpark(_, jobId, call) woken, laneOfWoken = jobId, call end
local function unparkNow()
  redis.call('HSET', prefix .. woken, ${WOKEN}, laneOfWoken)
  redis.call('RPUSH', wait, woken)
  isMarked = true
end
${LANE_LUA.COUNT_TOGETHER}
${LANE_LUA.ADVANCE}
${LANE_LUA.REMEMBER}
local function leave(jobId, token)
  local jobKey = prefix .. jobId
  local job = redis.call('HMGET', jobKey, 'timestamp', '${LANE_FIELD}', 'parentKey', 'deid', '${OVERTAKEN_FIELD}')
  local call = job[2] or job[5]
  if not job[1] then return redis.call('EXISTS', jobKey) == 0 and -1 or ${NOT_PLAIN} end
  if job[3] or job[4] then return ${NOT_PLAIN} end
  if not call and redis.call('EXISTS', jobKey .. ':dependencies', jobKey .. ':unsuccessful') > 0 then return ${NOT_PLAIN} end
  local holder = redis.call('GET', jobKey .. ':lock')
  if holder ~= token then return holder and -6 or -2 end
  if redis.call('LREM', active, -1, jobId) == 0 then return ${NOT_PLAIN} end
  redis.call('DEL', jobKey, jobKey .. ':lock', jobKey .. ':logs')
  if not call then redis.call('DEL', jobKey .. ':processed', jobKey .. ':failed') end
  redis.call('XADD', events, '*', 'event', 'completed', 'jobId', jobId, 'returnvalue', 'null', 'prev', 'active')
  if not call then return 0 end
  rememberId(prefix, jobId, dedupWindowMs)
  if redis.call('HGET', lanes, call) == jobId then advance(prefix, call, true) end
  if hasLetters then rememberNewest(prefix, call, job[1]) end
  return 0
end`;

/** All fields of a job that was only ever enqueued and taken. Another one says that more has happened to it. */
const FRESH_FIELDS = [
  'data',
  'timestamp',
  'opts',
  'name',
  'priority',
  'ats',
  'delay',
  'processedOn',
  LANE_FIELD,
];

/**
 * The next event for a worker: the one that was woken, or the one that waits longest. Nil: there is none. Of a fresh one
 * comes what it consists of (`FreshJob`), not each field and its name: half of what the worker would have to read.
 */
const TAKE = `
local function takeByBullmq(token)
  if woken then unparkNow() end
  return fetchNextJob(wait, active, prioritized, events, prefix .. 'limiter', delayed, prefix .. 'meta', prefix .. 'pc',
    marker, prefix, nowMs, {token = token, lockDuration = lockMs, limiter = limiter})
end
local hasPromoted
local function take(token)
  if not isPlain then return takeByBullmq(token) end
  if not hasPromoted then
    promoteDelayedJobs(delayed, marker, wait, prioritized, events, prefix, nowMs, prefix .. 'pc', false)
    hasPromoted = true
  end
  local jobId = woken
  if woken then
    redis.call('LPUSH', active, jobId)
  else
    jobId = redis.call('RPOPLPUSH', wait, active)
    if not jobId then return takeByBullmq(token) end
    if string.sub(jobId, 1, 2) == '0:' then
      redis.call('LREM', active, 1, jobId)
      return takeByBullmq(token)
    end
  end
  local jobKey = prefix .. jobId
  redis.call('SET', jobKey .. ':lock', token, 'PX', lockMs)
  redis.call('XADD', events, '*', 'event', 'active', 'jobId', jobId, 'prev', 'waiting')
  isMarked = true
  local job, known = redis.call('HMGET', jobKey, ${FRESH_FIELDS.map((field) => `'${field}'`).join()}), 0
  for at = 1, ${FRESH_FIELDS.length} do if job[at] then known = known + 1 end end
  local data, timestamp, opts, name, priority, ats = unpack(job)
  local isFresh = priority == '0' and (woken or name == '${JOB_NAME}') and redis.call('HLEN', jobKey) == known
  local starts = (tonumber(ats) or 0) + 1
  if woken then
    redis.call('HSET', jobKey, 'processedOn', nowMs, 'ats', starts, ${WOKEN}, laneOfWoken)
  else
    redis.call('HSET', jobKey, 'processedOn', nowMs, 'ats', starts)
  end
  if isFresh then return {jobId, data, timestamp, starts, tonumber(nowMs), opts} end
  return {redis.call('HGETALL', jobKey), jobId, 0, 0}
end`;

/**
 * KEYS: one of the queue. ARGV: key prefix; Unix ms; lock duration and dedup window in ms; how many jobs the worker's limiter
 * lets through, or nothing, and in how many ms; and for each event its job id, its token, and whether another is wanted in
 * its place.
 *
 * Returns for each event what BullMQ's `moveToFinished` answers, or a `FreshJob`; `NOT_PLAIN`; or its error.
 */
export const DELIVER_LUA = `
${TAKE_BY_BULLMQ}
local prefix, nowMs, lockMs, dedupWindowMs = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local limiter = ARGV[5] ~= '' and {max = tonumber(ARGV[5]), duration = tonumber(ARGV[6])} or nil
local wait, active, delayed, prioritized = prefix .. 'wait', prefix .. 'active', prefix .. 'delayed', prefix .. 'prioritized'
local events, marker = prefix .. 'events', prefix .. 'marker'
local lanes = prefix .. 'callpost:lanes'
local meta = redis.call('HMGET', prefix .. 'meta', 'paused', 'concurrency', 'max', 'opts.maxLenEvents')
local isPlain = not (limiter or meta[1] or meta[2] or meta[3])
local hasLetters = redis.call('EXISTS', prefix .. 'callpost:calls:delivered') == 1
local left, isMarked = {}, false
${LEAVE}
${TAKE}
local function deliver(jobId, token, isNextWanted)
  woken = nil
  local answer = leave(jobId, token)
  if answer < 0 then return answer end
  left[#left + 1] = jobId
  if isNextWanted == '1' then
    local next = take(token)
    if next then return next end
  elseif woken then
    unparkNow()
  end
  if redis.call('LLEN', wait) + redis.call('LLEN', active) + redis.call('ZCARD', prioritized) == 0 then
    redis.call('XADD', events, '*', 'event', 'drained')
  end
  return 0
end
redis.call('XTRIM', events, 'MAXLEN', '~', meta[4] or 10000)
${forEach('deliver', 7, 3)}
if #left > 0 then redis.call('SREM', prefix .. 'stalled', unpack(left)) end
if isMarked then redis.call('ZADD', marker, 0, '0') end
writeCount(prefix)
return answers`;
