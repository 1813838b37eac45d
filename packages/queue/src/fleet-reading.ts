import { type ChannelState, readChannelState } from './brake/channel-state.js';
import { type ChannelStatus, sumOfStatus } from './channel-status.js';
import { type HomeReading, readHome } from './home-reading.js';
import type { RedisConnection } from './redis.js';
import { type OpenRuns, readOpenRuns } from './replay/open-runs.js';
import { enqueueCountsKey } from './send/enqueue-counts.js';
import { earliest, readEachHome } from './shards/each-home.js';
import { readAccepted, readEndedCounts } from './shards/keep-counts.js';

/** What the gauges of a channel are made of: one moment in Redis, the same for whoever reads it. */
export interface ChannelReading
  extends Pick<HomeReading, 'waitingSinceMs' | 'oldestRetryingAtMs' | 'oldestParkedAtMs' | 'nextRetryAtMs'> {
  readonly status: ChannelStatus;
  readonly state: ChannelState;
  /** Since the queue was first used. */
  readonly enqueued: { readonly accepted: number; readonly duplicate: number; readonly invalid: number };
  readonly replay: OpenRuns;
}

/** A few round trips, whatever the number of events. */
export async function readChannel(redis: RedisConnection, channel: string): Promise<ChannelReading> {
  const [{ layout, ofHome }, state, [duplicates, invalids], replay] = await Promise.all([
    readEachHome(redis, channel, async (home) => {
      const [reading, accepted] = await Promise.all([readHome(redis, home), readAccepted(redis, home)]);
      return { ...reading, accepted };
    }),
    readChannelState(redis, channel),
    redis.hmget(enqueueCountsKey(channel), 'duplicate', 'invalid'),
    readOpenRuns(redis, channel),
  ]);
  const homes = [...ofHome.values()];
  const endedCounts = await readEndedCounts(redis, channel, layout, ofHome);
  const earliestOf = (of: (home: HomeReading) => number | null) => earliest(homes.map(of));
  return {
    status: sumOfStatus(channel, homes),
    state,
    enqueued: {
      accepted: homes.reduce((sum, { accepted }) => sum + accepted, endedCounts),
      duplicate: Number(duplicates ?? 0),
      invalid: Number(invalids ?? 0),
    },
    waitingSinceMs: earliestOf(({ waitingSinceMs }) => waitingSinceMs),
    oldestRetryingAtMs: earliestOf(({ oldestRetryingAtMs }) => oldestRetryingAtMs),
    oldestParkedAtMs: earliestOf(({ oldestParkedAtMs }) => oldestParkedAtMs),
    nextRetryAtMs: earliestOf(({ nextRetryAtMs }) => nextRetryAtMs),
    replay,
  };
}
