import { laneKeys } from './lanes/lane-keys.js';
import { CHANNELS_KEY, queueKey } from './names.js';
import { readQueuedAt } from './queued-at.js';
import type { RedisConnection } from './redis.js';
import { earliest, readEachHome } from './shards/each-home.js';
import { channelOf, type Home } from './shards/layout.js';

/** Where the events of a channel are. `parked`: waiting for an earlier event of their call. */
export const EVENT_STATES = ['waiting', 'in_flight', 'retrying', 'parked', 'dead'] as const;

export type EventState = (typeof EVENT_STATES)[number];

export interface ChannelStatus {
  readonly channel: string;
  readonly counts: Readonly<Record<EventState, number>>;
  /** Unix ms: when the event that is taken next was enqueued or last replayed; null when none waits. */
  readonly oldestWaitingAtMs: number | null;
  /** Unix ms: when the oldest dead letter died; null when there is none. */
  readonly oldestDeadAtMs: number | null;
}

/** Every channel that a producer or worker has opened in this Redis, sorted. */
export async function listChannels(redis: RedisConnection): Promise<string[]> {
  return [...new Set((await redis.smembers(CHANNELS_KEY)).map(channelOf))].sort();
}

/** Two round trips, whatever the number of events; one more for a channel that is divided. */
export async function readChannelStatus(redis: RedisConnection, channel: string): Promise<ChannelStatus> {
  const { ofHome } = await readEachHome(redis, channel, (home) => readHomeStatus(redis, home));
  return sumOfStatus(channel, [...ofHome.values()]);
}

export type HomeStatus = Omit<ChannelStatus, 'channel'>;

/** One status out of those of a channel's homes. A letter that is just being moved counts for both of its homes. */
export function sumOfStatus(channel: string, all: readonly HomeStatus[]): ChannelStatus {
  const total = (state: EventState) => all.reduce((sum, { counts }) => sum + counts[state], 0);
  return {
    channel,
    counts: Object.fromEntries(EVENT_STATES.map((state) => [state, total(state)])) as ChannelStatus['counts'],
    oldestWaitingAtMs: earliest(all.map(({ oldestWaitingAtMs }) => oldestWaitingAtMs)),
    oldestDeadAtMs: earliest(all.map(({ oldestDeadAtMs }) => oldestDeadAtMs)),
  };
}

export async function readHomeStatus(redis: RedisConnection, home: Home): Promise<HomeStatus> {
  const key = (suffix: string) => queueKey(home, suffix);
  const replies = await redis
    .multi()
    .llen(key('wait'))
    .zcard(key('prioritized'))
    .llen(key('active'))
    .zcard(key('delayed'))
    .zcard(key('failed'))
    .zrange(key('failed'), '0', '0', 'WITHSCORES')
    .lindex(key('wait'), -1)
    .zrange(key('prioritized'), '0', '0')
    .get(laneKeys(home).parked)
    .exec();
  const [
    waiting,
    prioritized,
    inFlight,
    delayed,
    dead,
    oldestDead,
    nextWaiting,
    nextPrioritized,
    parkedReply,
  ] = (replies ?? []).map(([error, reply]) => {
    if (error) throw error;
    return reply;
  }) as [number, number, number, number, number, string[], string | null, string[], string | null];
  // A parked event whose hold has just ended is not delayed any more, until it has looked whether it is its turn.
  const parked = Math.min(Number(parkedReply ?? 0), delayed);
  const next = nextWaiting ?? nextPrioritized[0];
  return {
    counts: { waiting: waiting + prioritized, in_flight: inFlight, retrying: delayed - parked, parked, dead },
    oldestWaitingAtMs: next === undefined ? null : await readQueuedAt(redis, home, next),
    oldestDeadAtMs: oldestDead[1] === undefined ? null : Number(oldestDead[1]),
  };
}
