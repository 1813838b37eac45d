import { JOB_NAME } from '../names.js';
import { DEFAULT_LANE_MAX_HOLD_MS, LANE_FIELD, MAX_HOLD_SETTING, PARKED } from './lane-keys.js';

/*
 * What the lanes' scripts share; the keys are those of `lane-keys.ts` behind the queue's key prefix. A parked event is a
 * delayed job of BullMQ whose time is the end of its hold, so that it comes back by BullMQ's own doing even if nobody
 * ever wakes it.
 */

/** How many events are parked, for a script that parks or wakes one. */
const COUNT = `
local function countParked(prefix, more)
  redis.call('INCRBY', prefix .. 'callpost:parked', more)
end`;

/** The same for a script that does so with many; what they come to is written at its end, by `writeCount`. */
const COUNT_TOGETHER = `
local parkedMore = 0
local function countParked(_, more) parkedMore = parkedMore + more end
local function writeCount(prefix)
  if parkedMore ~= 0 then redis.call('INCRBY', prefix .. 'callpost:parked', parkedMore) end
end`;

/**
 * An event waits behind the first of its call. Needs a count. Which call is not written to it, but when it is woken: where it
 * waits says so, and most events wait.
 */
const FOLLOW = `
local holdMs
local function follow(prefix, jobId, call, nowMs)
  holdMs = holdMs or tonumber(redis.call('HGET', prefix .. 'callpost:settings', '${MAX_HOLD_SETTING}')) or ${DEFAULT_LANE_MAX_HOLD_MS}
  redis.call('RPUSH', prefix .. 'callpost:lane:' .. call, jobId)
  countParked(prefix, 1)
  redis.call('HSET', prefix .. jobId, 'delay', holdMs, 'name', '${PARKED}')
  redis.call('ZADD', prefix .. 'delayed', (nowMs + holdMs) * 0x1000, jobId)
end`;

/** What is written to an event that is woken, but for the call, which comes after it. */
export const WOKEN = `'delay', 0, 'name', '${JOB_NAME}', '${LANE_FIELD}'`;

/** A parked event goes to where it is taken next: it has waited longer than what waits there. */
const WAKE = `
local function unpark(prefix, jobId, call)
  redis.call('HSET', prefix .. jobId, ${WOKEN}, call)
  redis.call('RPUSH', prefix .. 'wait', jobId)
end
local function callWorkers(prefix)
  redis.call('ZADD', prefix .. 'marker', 0, '0')
end
local function wake(prefix, jobId, call)
  if redis.call('ZREM', prefix .. 'delayed', jobId) == 0 then return end
  unpark(prefix, jobId, call)
  callWorkers(prefix)
end`;

/**
 * The next of a call becomes its first, and is woken if it is parked and that is wanted; workers are not called. What was
 * removed by hand, or died without leaving its lane, is passed over. Needs {@link WAKE} and a count.
 *
 * Returns its job id, or nil when there is none; and whether it was woken.
 */
const ADVANCE = `
local function isGone(prefix, jobId)
  return redis.call('EXISTS', prefix .. jobId) == 0 or redis.call('ZSCORE', prefix .. 'failed', jobId)
end
local function advance(prefix, call, isToBeWoken)
  local followers = prefix .. 'callpost:lane:' .. call
  local nextId = redis.call('LPOP', followers)
  while nextId do
    countParked(prefix, -1)
    local isWoken = isToBeWoken and redis.call('ZREM', prefix .. 'delayed', nextId) == 1
    if isWoken then unpark(prefix, nextId, call) end
    if isWoken or not isGone(prefix, nextId) then
      redis.call('HSET', prefix .. 'callpost:lanes', call, nextId)
      return nextId, isWoken
    end
    nextId = redis.call('LPOP', followers)
  end
  redis.call('HDEL', prefix .. 'callpost:lanes', call)
end`;

/** Whether events of the call are on their way. A place whose event was removed by hand, or died there, is none. */
const HAS_LANE = `
local function hasLane(prefix, call)
  local first = redis.call('HGET', prefix .. 'callpost:lanes', call)
  if not first then return false end
  if redis.call('EXISTS', prefix .. first) == 1 and not redis.call('ZSCORE', prefix .. 'failed', first) then return true end
  return redis.call('EXISTS', prefix .. 'callpost:lane:' .. call) == 1
end`;

/**
 * A delivered event's id stays known for a time; and a call that has dead letters knows its newest delivered event. One that
 * overtook the letter may have been delivered before there was a letter to know it for: if it is gone, it was.
 */
const REMEMBER = `
local function rememberId(prefix, jobId, windowMs)
  redis.call('SET', prefix .. 'de:' .. jobId, 1, 'PX', windowMs)
end
local function rememberNewest(prefix, call, timestamp)
  local key = prefix .. 'callpost:calls:delivered'
  local newest = redis.call('HGET', key, call)
  if newest and tonumber(newest) < tonumber(timestamp) then redis.call('HSET', key, call, timestamp) end
end
local function rememberOvertaker(prefix, call, overtaker)
  if not overtaker then return end
  local timestamp, jobId = string.match(overtaker, '^(%S+) (.*)$')
  if redis.call('EXISTS', prefix .. jobId) == 0 then rememberNewest(prefix, call, timestamp) end
end`;

export const LANE_LUA = { COUNT, COUNT_TOGETHER, FOLLOW, WAKE, ADVANCE, HAS_LANE, REMEMBER };

/** A script of BullMQ as a function of ours, so that what we do before and after it is one script with it. */
export function bullmqFunction({ content }: BullmqScript): string {
  return `local function bullmq(KEYS, ARGV)\n${content}\nend`;
}

/**
 * The same in two parts, for a script that calls it many times: BullMQ's own functions, which are then made once and may be
 * wrapped, and what it does with them as a function.
 *
 * @param start the first line after BullMQ's functions
 * @throws Error when there is no such line: BullMQ's script is another one
 */
export function bullmqParts({ name, content }: BullmqScript, start: string) {
  const functionsAt = content.indexOf('\nlocal function ');
  const startAt = content.lastIndexOf(`\n${start}\n`);
  if (functionsAt < 0 || startAt < 0) throw new Error(`BullMQ's ${name} is not the one that Callpost knows`);
  return {
    functions: `local rcall = redis.call${content.slice(functionsAt, startAt)}`,
    main: bullmqFunction({ name, content: content.slice(0, functionsAt) + content.slice(startAt) }),
  };
}

/** Lua that calls a function for every so many arguments; what it answers each time, or its error, is in `answers`. */
export function forEach(name: string, from: number, argumentsEach: number): string {
  return `
local answers = {}
for at = ${from}, #ARGV, ${argumentsEach} do
  local isDone, answer = pcall(${name}, unpack(ARGV, at, at + ${argumentsEach - 1}))
  if not isDone and type(answer) ~= 'table' then answer = redis.error_reply(answer) end
  answers[#answers + 1] = answer
end`;
}

interface BullmqScript {
  readonly name: string;
  readonly content: string;
}
