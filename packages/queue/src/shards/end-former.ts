import { laneKeys } from '../lanes/lane-keys.js';
import { queueKey } from '../names.js';
import type { RedisConnection } from '../redis.js';
import { hasStrayLetters } from './bring-home.js';
import { endFormer, noteClear, tellHomes } from './change-layout.js';
import { keepCounts } from './keep-counts.js';
import { formerOnlyHomes, type Home, homeOfCall, homes, type Layout } from './layout.js';

export interface EndFormerOptions {
  readonly redis: RedisConnection;
  readonly channel: string;
  readonly layout: Layout;
  /** How long an id is known after its event was delivered. */
  readonly dedupWindowMs: number;
  readonly nowMs: number;
}

/**
 * Ends the former homes of a channel as soon as nothing is left in them: neither events, nor lanes, nor letters, nor the
 * ids of delivered events. Any worker may try, at any time; resolves with the layout then.
 *
 * What is found clear stays clear, so it does not matter that the looks are not one moment. First every queue is told the
 * generation: after that whoever could open a lane at a former home is refused there, and who knows this layout only
 * joins one. So a lane that is gone does not come back, and without one no event gets in, no letter dies and no id is
 * remembered. (A replay takes a letter to the home of its call first.) A layout that is changed meanwhile has another
 * generation, and ending does nothing. Whoever still goes by the old path finds nothing on it, which is true.
 *
 * From the moment when all is clear the last id may be known for another window; then it is looked again, since a Redis
 * that failed over may have forgotten a generation. Not seen are retries without a place in a lane (overtaken ones) in a
 * home that is also one of now: their ids are no longer known when this ends.
 */
export async function tryToEndFormer(options: EndFormerOptions): Promise<Layout> {
  const { redis, channel, layout, dedupWindowMs, nowMs } = options;
  const { clearSinceMs } = layout;
  if (layout.former.length === 0) return layout;
  const isOver = clearSinceMs !== undefined && nowMs - clearSinceMs >= dedupWindowMs;
  if (clearSinceMs !== undefined && !isOver) return layout;
  await tellHomes(redis, channel, layout);
  const isClear = await isFormerClear(redis, channel, layout);
  if (isOver && isClear) {
    await keepCounts(redis, channel, formerOnlyHomes(channel, layout));
    return endFormer(redis, channel, layout, nowMs);
  }
  if (isOver || isClear) return noteClear(redis, channel, layout, isClear ? nowMs : null);
  return layout;
}

async function isFormerClear(redis: RedisConnection, channel: string, layout: Layout): Promise<boolean> {
  const former = new Set(layout.former.flatMap((count) => homes(channel, count)));
  for (const home of formerOnlyHomes(channel, layout)) {
    if (!(await isEmpty(redis, home))) return false;
  }
  for (const home of former) {
    if (await hasStrayLanes(redis, channel, home, layout.shards)) return false;
  }
  return !(await hasStrayLetters(redis, channel, layout));
}

/** But for its letters. A job that is none of these is in no state that BullMQ knows for a job without children. */
async function isEmpty(redis: RedisConnection, home: Home): Promise<boolean> {
  const key = (suffix: string) => queueKey(home, suffix);
  const replies = await redis
    .multi()
    .llen(key('wait'))
    .llen(key('paused'))
    .llen(key('active'))
    .zcard(key('prioritized'))
    .zcard(key('delayed'))
    .exec();
  return (replies ?? []).every(([error, count]) => {
    if (error) throw error;
    return count === 0;
  });
}

/** Of calls that would begin elsewhere now. A place whose event was removed by hand holds back nobody. */
async function hasStrayLanes(
  redis: RedisConnection,
  channel: string,
  home: Home,
  shards: number,
): Promise<boolean> {
  const { firsts, followers } = laneKeys(home);
  let cursor = '0';
  do {
    const [next, flat] = await redis.hscan(firsts, cursor, 'COUNT', SCANNED_AT_ONCE);
    for (let index = 0; index < flat.length; index += 2) {
      const [call = '', jobId = ''] = flat.slice(index, index + 2);
      if (homeOfCall(channel, shards, call) === home) continue;
      if ((await redis.exists(queueKey(home, jobId), followers(call))) > 0) return true;
    }
    cursor = next;
  } while (cursor !== '0');
  return false;
}

const SCANNED_AT_ONCE = 1_000;
