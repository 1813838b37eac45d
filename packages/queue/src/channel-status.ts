import { EVENT_STATES, type EventState, type HomeReading, readHome } from './home-reading.js';
import { CHANNELS_KEY } from './names.js';
import type { RedisConnection } from './redis.js';
import { earliest, readEachHome } from './shards/each-home.js';
import { channelOf } from './shards/layout.js';

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

/** One round trip, whatever the number of events; one more for a channel that is divided. */
export async function readChannelStatus(redis: RedisConnection, channel: string): Promise<ChannelStatus> {
  const { ofHome } = await readEachHome(redis, channel, (home) => readHome(redis, home));
  return sumOfStatus(channel, [...ofHome.values()]);
}

/** One status out of those of a channel's homes. A letter that is just being moved counts for both of its homes. */
export function sumOfStatus(channel: string, all: readonly HomeReading[]): ChannelStatus {
  const total = (state: EventState) => all.reduce((sum, { counts }) => sum + counts[state], 0);
  return {
    channel,
    counts: Object.fromEntries(EVENT_STATES.map((state) => [state, total(state)])) as ChannelStatus['counts'],
    oldestWaitingAtMs: earliest(all.map(({ oldestWaitingAtMs }) => oldestWaitingAtMs)),
    oldestDeadAtMs: earliest(all.map(({ oldestDeadAtMs }) => oldestDeadAtMs)),
  };
}
