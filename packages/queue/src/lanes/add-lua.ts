import { JOB_NAME } from '../names.js';
import { GENERATION_SETTING, LANE_FIELD } from './lane-keys.js';
import { forEach, LANE_LUA } from './lane-lua.js';

/*
 * How events come into a queue. What BullMQ's script does for any job, this one does for ours in half the commands: they have
 * an id of their own, no delay, no priority, and are no part of a flow; what holds for the queue is done once; and an event
 * that waits for an earlier one of its call goes at once to where it waits. `add-together.test.ts` compares what both leave
 * behind.
 */

/**
 * A replayed letter that is first of its call, and would wait until no live event waits, is as urgent as a live event as
 * soon as one waits for it.
 */
const HURRY = `
local function hurry(first)
  if tonumber(redis.call('HGET', prefix .. first, 'priority') or 0) == 0 then return end
  redis.call('HSET', prefix .. first, 'priority', 0)
  if redis.call('ZREM', prefix .. 'prioritized', first) == 1 then redis.call('RPUSH', wait, first) end
end`;

/**
 * An event's fields are written in two steps, also where one would do: Redis enlarges a hash's table a step at a time, and one
 * that is written at once keeps its former table for as long as the event waits, 32 bytes.
 */
const ADD = `
local added, isAnyFirst = 0, false
local function add(jobId, data, options, timestamp, call)
  if redis.call('EXISTS', prefix .. jobId, prefix .. 'de:' .. jobId) > 0 then return 0 end
  local first = redis.call('HGET', lanes, call)
  if not first and not mayOpen then return -1 end
  redis.call('HSET', prefix .. jobId, 'name', '${JOB_NAME}', 'data', data, 'opts', options, 'timestamp', timestamp,
    'delay', 0, 'priority', 0)
  if first then
    follow(prefix, jobId, call, math.floor(timestamp))
    hurry(first)
  else
    redis.call('HSET', prefix .. jobId, '${LANE_FIELD}', call)
    redis.call('HSET', lanes, call, jobId)
    redis.call('LPUSH', wait, jobId)
    isAnyFirst = true
  end
  redis.call('XADD', events, '*', 'event', 'added', 'jobId', jobId, 'name', '${JOB_NAME}')
  redis.call('XADD', events, '*', 'event', 'waiting', 'jobId', jobId)
  added = added + 1
  return 1
end`;

/** Once for all: BullMQ's counter of jobs, its notices kept short, and idle workers called unless none may take any. */
const TELL_QUEUE = `
local function tellQueue()
  redis.call('INCRBY', prefix .. 'id', added)
  local paused, concurrency, noticesKept = unpack(redis.call('HMGET', meta, 'paused', 'concurrency', 'opts.maxLenEvents'))
  if not noticesKept then
    noticesKept = 10000
    redis.call('HSET', meta, 'opts.maxLenEvents', noticesKept)
  end
  redis.call('XTRIM', events, 'MAXLEN', '~', noticesKept)
  local isFull = concurrency and redis.call('LLEN', prefix .. 'active') >= tonumber(concurrency)
  if isAnyFirst and not paused and not isFull then redis.call('ZADD', prefix .. 'marker', 0, '0') end
end`;

/**
 * Enqueue: each event takes its place in its lane. An id is known while its event is in the queue or a dead letter, and for a
 * time after it was delivered.
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
 * KEYS: one of the queue. ARGV: key prefix; generation of the producer's layout; 1 if a lane may be opened; and for each
 * event job id, its JSON, JSON of the job's options, order stamp, and call.
 *
 * @returns for each event 1 accepted, 0 the id was known, -1 nothing of its call is here and it was not added, or its
 *   error; or, when the generation is an old one and nothing was added, a number alone: the newest known here
 */
export const ADD_LUA = `
${LANE_LUA.COUNT_TOGETHER}
${LANE_LUA.FOLLOW}
local prefix, generation, mayOpen = ARGV[1], tonumber(ARGV[2]), ARGV[3] == '1'
local wait, events, meta = prefix .. 'wait', prefix .. 'events', prefix .. 'meta'
local lanes, settings = prefix .. 'callpost:lanes', prefix .. 'callpost:settings'
local known = tonumber(redis.call('HGET', settings, '${GENERATION_SETTING}') or 0)
if generation < known then return known end
if generation > known then redis.call('HSET', settings, '${GENERATION_SETTING}', generation) end
${HURRY}
${ADD}
${TELL_QUEUE}
${forEach('add', 4, 5)}
if added > 0 then tellQueue() end
writeCount(prefix)
return answers`;
