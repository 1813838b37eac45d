import { type ChannelState, readChannelState } from './brake/channel-state.js';
import { type ChannelStatus, readHomeStatus, sumOfStatus } from './channel-status.js';
import { PARKED } from './lanes/lane-keys.js';
import { queueKey } from './names.js';
import { readQueuedAt } from './queued-at.js';
import type { RedisConnection } from './redis.js';
import { runKeys } from './replay/run.js';
import { enqueueCountsKey } from './send/enqueue-counts.js';
import { earliest, readEachHome } from './shards/each-home.js';
import { readAccepted, readEndedCounts } from './shards/keep-counts.js';
import type { Home } from './shards/layout.js';
import { readWaitingSince } from './waiting-since.js';

/** States of replay runs that are not over and were started. */
export const OPEN_RUN_STATES = ['running', 'paused', 'stopped_by_canary'] as const;

type OpenRunState = (typeof OPEN_RUN_STATES)[number];

/** What the gauges of a channel are made of: one moment in Redis, the same for whoever reads it. */
export interface ChannelReading {
  readonly status: ChannelStatus;
  readonly state: ChannelState;
  /** Since the queue was first used. */
  readonly enqueued: { readonly accepted: number; readonly duplicate: number; readonly invalid: number };
  /** Unix ms: see `readWaitingSince`; null for none. */
  readonly waitingSinceMs: number | null;
  /** Unix ms: enqueueing, or last replay, of the oldest retrying event of those looked at; null for none. */
  readonly oldestRetryingAtMs: number | null;
  /** Unix ms: the same of those that wait for an earlier event of their call. */
  readonly oldestParkedAtMs: number | null;
  /** Unix ms: when the retry, or the end of a parked event's hold, that is due next is due; null for none. */
  readonly nextRetryAtMs: number | null;
  readonly replay: {
    readonly runs: Readonly<Record<OpenRunState, number>>;
    /** Of running runs: not sent yet. */
    readonly lettersLeft: number;
  };
}

/** Finding the oldest of all would take a look at each. The next due are the newest failures, the last due the oldest. */
const LOOKED_AT = 10;
/** A channel keeps its runs for good; those that are not over are among the newest. */
const NEWEST_RUNS = 100;
/** BullMQ's score of a delayed job is its time in ms times this, plus a number that keeps the order. */
const DELAYED_SCORE_FACTOR = 0x1000;

/** A few round trips, whatever the number of events. */
export async function readChannel(redis: RedisConnection, channel: string): Promise<ChannelReading> {
  const [{ layout, ofHome }, state, [duplicates, invalids], replay] = await Promise.all([
    readEachHome(redis, channel, (home) => readHome(redis, home)),
    readChannelState(redis, channel),
    redis.hmget(enqueueCountsKey(channel), 'duplicate', 'invalid'),
    readReplay(redis, channel),
  ]);
  const homes = [...ofHome.values()];
  const endedCounts = await readEndedCounts(redis, channel, layout, ofHome);
  return {
    status: sumOfStatus(
      channel,
      homes.map(({ status }) => status),
    ),
    state,
    waitingSinceMs: earliest(homes.map(({ waitingSinceMs }) => waitingSinceMs)),
    enqueued: {
      accepted: homes.reduce((sum, { accepted }) => sum + accepted, endedCounts),
      duplicate: Number(duplicates ?? 0),
      invalid: Number(invalids ?? 0),
    },
    oldestRetryingAtMs: earliest(homes.map(({ oldestRetryingAtMs }) => oldestRetryingAtMs)),
    oldestParkedAtMs: earliest(homes.map(({ oldestParkedAtMs }) => oldestParkedAtMs)),
    nextRetryAtMs: earliest(homes.map(({ nextRetryAtMs }) => nextRetryAtMs)),
    replay,
  };
}

async function readHome(redis: RedisConnection, home: Home) {
  const [status, waitingSinceMs, accepted, delayed] = await Promise.all([
    readHomeStatus(redis, home),
    readWaitingSince(redis, home),
    readAccepted(redis, home),
    readDelayed(redis, home),
  ]);
  return { status, waitingSinceMs, accepted, ...delayed };
}

/** Retrying and parked events are BullMQ's delayed jobs. */
async function readDelayed(redis: RedisConnection, home: Home) {
  const key = queueKey(home, 'delayed');
  const [nextDue, lastDue] = await Promise.all([
    redis.zrange(key, '0', `${LOOKED_AT - 1}`, 'WITHSCORES'),
    redis.zrange(key, `-${LOOKED_AT}`, '-1'),
  ]);
  const jobIds = new Set([...nextDue.filter((_, index) => index % 2 === 0), ...lastDue]);
  const events = await Promise.all(
    [...jobIds].map(async (jobId) => ({
      isParked: (await redis.hget(queueKey(home, jobId), 'name')) === PARKED,
      queuedAtMs: await readQueuedAt(redis, home, jobId),
    })),
  );
  const oldest = (isParked: boolean) =>
    earliest(events.map((event) => (event.isParked === isParked ? event.queuedAtMs : null)));
  return {
    oldestRetryingAtMs: oldest(false),
    oldestParkedAtMs: oldest(true),
    nextRetryAtMs: nextDue[1] === undefined ? null : Math.floor(Number(nextDue[1]) / DELAYED_SCORE_FACTOR),
  };
}

async function readReplay(redis: RedisConnection, channel: string): Promise<ChannelReading['replay']> {
  const ids = await redis.zrevrange(runKeys(channel, '').all, 0, NEWEST_RUNS - 1);
  const states = await Promise.all(ids.map((id) => redis.hget(runKeys(channel, id).run, 'state')));
  const count = (state: OpenRunState) => states.filter((found) => found === state).length;
  const running = ids.filter((_, index) => states[index] === 'running');
  const left = await Promise.all(running.map((id) => readLettersLeft(redis, channel, id)));
  return {
    runs: {
      running: count('running'),
      paused: count('paused'),
      stopped_by_canary: count('stopped_by_canary'),
    },
    lettersLeft: left.reduce((sum, one) => sum + one, 0),
  };
}

async function readLettersLeft(redis: RedisConnection, channel: string, runId: string): Promise<number> {
  const { letters, results } = runKeys(channel, runId);
  const [planned, touched] = await Promise.all([redis.llen(letters), redis.hlen(results)]);
  return Math.max(0, planned - touched);
}
