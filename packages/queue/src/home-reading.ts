import { readMarks } from './event-marks.js';
import { PARKED } from './lanes/lane-keys.js';
import { queueKey } from './names.js';
import type { RedisConnection } from './redis.js';
import { redisScript } from './redis-script.js';
import { earliest } from './shards/each-home.js';
import type { Home } from './shards/layout.js';

/** Where the events of a channel are. `parked`: waiting for an earlier event of their call. */
export const EVENT_STATES = ['waiting', 'in_flight', 'retrying', 'parked', 'dead'] as const;

export type EventState = (typeof EVENT_STATES)[number];

/** How one queue of a channel is doing, at one moment. All times are Unix ms, null for none. */
export interface HomeReading {
  readonly counts: Readonly<Record<EventState, number>>;
  /** When the event that is taken next was enqueued or last replayed. */
  readonly oldestWaitingAtMs: number | null;
  /** When the oldest dead letter died. */
  readonly oldestDeadAtMs: number | null;
  /**
   * When the next event that was never attempted was enqueued or last replayed. Not simply the next one: where some attempts
   * fail, retries that have just become due stand among those that wait, and have the age of an outage though nobody made
   * them wait. Null when none of the next few is such a one.
   */
  readonly waitingSinceMs: number | null;
  /** Enqueueing, or last replay, of the oldest retrying event of those looked at. */
  readonly oldestRetryingAtMs: number | null;
  /** The same of those that wait for an earlier event of their call. */
  readonly oldestParkedAtMs: number | null;
  /** When the retry, or the end of a parked event's hold, that is due next is due. */
  readonly nextRetryAtMs: number | null;
}

/** So many of the events that are taken next are looked at. */
const NEXT_LOOKED_AT = 20;
/** Finding the oldest of all would take a look at each. The next due are the newest failures, the last due the oldest. */
const DUE_LOOKED_AT = 10;
/** BullMQ's score of a delayed job is its time in ms times this, plus a number that keeps the order. */
const DELAYED_SCORE_FACTOR = 0x1000;

/**
 * KEYS: what the queue's keys begin with. Retrying and parked events are BullMQ's delayed jobs.
 *
 * One script, since a scrape does this for every channel: up to seventy commands each, most of what a scrape cost.
 */
const LOOK = `
local prefix = KEYS[1]
local wait, prioritized = prefix .. 'wait', prefix .. 'prioritized'
local delayed, failed = prefix .. 'delayed', prefix .. 'failed'
local function look(jobId)
  return redis.call('HMGET', prefix .. jobId, 'name', 'timestamp', 'progress', 'atm')
end
local function lookAtDelayed(from, to)
  local jobs = {}
  for at, jobId in ipairs(redis.call('ZRANGE', delayed, from, to)) do jobs[at] = look(jobId) end
  return jobs
end
local function scoreOfFirst(key)
  return redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2] or false
end
local next, waiting = {}, redis.call('LRANGE', wait, -${NEXT_LOOKED_AT}, -1)
for at = #waiting, 1, -1 do next[#next + 1] = waiting[at] end
for _, jobId in ipairs(redis.call('ZRANGE', prioritized, 0, ${NEXT_LOOKED_AT} - 1)) do next[#next + 1] = jobId end
local first, neverAttempted = false, false
for at = 1, math.min(#next, ${NEXT_LOOKED_AT}) do
  local job = look(next[at])
  first = first or job
  if (tonumber(job[4]) or 0) == 0 then
    neverAttempted = job
    break
  end
end
return {
  {
    redis.call('LLEN', wait) + redis.call('ZCARD', prioritized), redis.call('LLEN', prefix .. 'active'),
    redis.call('ZCARD', delayed), redis.call('GET', prefix .. 'callpost:parked'), redis.call('ZCARD', failed),
  },
  {first, neverAttempted},
  {scoreOfFirst(failed), scoreOfFirst(delayed)},
  lookAtDelayed(0, ${DUE_LOOKED_AT} - 1),
  lookAtDelayed(-${DUE_LOOKED_AT}, -1),
}`;

type Text = string | null;
/** Name, timestamp, progress, attempts made. */
type Job = readonly [Text, Text, Text, Text];
type Answer = [[number, number, number, Text, number], [Job | null, Job | null], [Text, Text], Job[], Job[]];

const look = redisScript<Answer>('callpostLookAtHome', 1, LOOK);

/** One round trip, whatever the number of events. */
export async function readHome(redis: RedisConnection, home: Home): Promise<HomeReading> {
  const answer = await look(redis, queueKey(home, ''));
  const [[waiting, inFlight, delayed, inLanes, dead], next, scores, nextDue, lastDue] = answer;
  const [first, neverAttempted] = next;
  const [diedAtMs, dueScore] = scores;
  // A parked event whose hold has just ended is not delayed any more, until it has looked whether it is its turn.
  const parked = Math.min(Number(inLanes ?? 0), delayed);
  const due = [...nextDue, ...lastDue];
  const oldest = (isParked: boolean) =>
    earliest(due.map((job) => (isParked === (job[0] === PARKED) ? queuedAtMs(job) : null)));
  return {
    counts: { waiting, in_flight: inFlight, retrying: delayed - parked, parked, dead },
    oldestWaitingAtMs: queuedAtMs(first),
    oldestDeadAtMs: diedAtMs === null ? null : Number(diedAtMs),
    waitingSinceMs: queuedAtMs(neverAttempted),
    oldestRetryingAtMs: oldest(false),
    oldestParkedAtMs: oldest(true),
    nextRetryAtMs: dueScore === null ? null : Math.floor(Number(dueScore) / DELAYED_SCORE_FACTOR),
  };
}

/** Unix ms: when it was enqueued or, if it was, last replayed; null when it is gone. Its age counts from here. */
function queuedAtMs(job: Job | null): number | null {
  const [, timestamp, progress] = job ?? [null, null, null];
  if (timestamp === null) return null;
  return readMarks(parsed(progress)).replayedAtMs ?? Number(timestamp);
}

/** A foreign producer's `progress` may be anything. */
function parsed(json: string | null): unknown {
  try {
    return JSON.parse(json ?? 'null');
  } catch {
    return null;
  }
}
