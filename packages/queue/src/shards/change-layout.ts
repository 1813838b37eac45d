import { GENERATION_SETTING, laneKeys } from '../lanes/lane-keys.js';
import type { RedisConnection } from '../redis.js';
import { allHomes, type Home, type Layout, layoutKey, UNDIVIDED } from './layout.js';

/**
 * Spreads new calls of a channel over another number of queues. Resolves with the layout as it is then, which is the old
 * one if it has that number.
 *
 * @param more.seen a layout that is known to have been; if it is a newer one, Redis has lost it in a failover
 */
export async function changeLayout(
  redis: RedisConnection,
  channel: string,
  shards: number,
  { nowMs, seen = UNDIVIDED }: { readonly nowMs: number; readonly seen?: Layout },
): Promise<Layout> {
  return await replaceLayout(redis, channel, (old) => {
    const isLost = old.generation < seen.generation;
    if (old.shards === shards && !isLost) return old;
    const generation = Math.max(old.generation + 1, seen.generation + 1, nowMs);
    const before = [...old.former, old.shards, ...(isLost ? [...seen.former, seen.shards] : [])];
    return { generation, shards, former: [...new Set(before)].filter((count) => count !== shards) };
  });
}

/** Notes since when its former homes are clear, unless the layout is another one by now. */
export async function noteClear(
  redis: RedisConnection,
  channel: string,
  seen: Layout,
  clearSinceMs: number | null,
): Promise<Layout> {
  return await replaceLayout(redis, channel, (old) => {
    if (old.generation !== seen.generation) return old;
    const { clearSinceMs: _, ...layout } = old;
    return clearSinceMs === null ? layout : { ...layout, clearSinceMs };
  });
}

/** From now on nobody looks at former homes any more; unless the layout is another one by now. */
export async function endFormer(
  redis: RedisConnection,
  channel: string,
  seen: Layout,
  nowMs: number,
): Promise<Layout> {
  return await replaceLayout(redis, channel, (old) =>
    old.generation === seen.generation && old.former.length > 0
      ? { generation: Math.max(old.generation + 1, nowMs), shards: old.shards, former: [] }
      : old,
  );
}

/** KEYS home's settings. ARGV generation. */
const TELL = `
local known = tonumber(redis.call('HGET', KEYS[1], '${GENERATION_SETTING}') or 0)
if known < tonumber(ARGV[1]) then redis.call('HSET', KEYS[1], '${GENERATION_SETTING}', ARGV[1]) end
return 0`;

/** Lets every queue of the channel refuse producers that know no layout as new as this one, so that they read it. */
export async function tellHomes(redis: RedisConnection, channel: string, layout: Layout): Promise<void> {
  if (layout.generation === 0) return;
  await Promise.all(
    allHomes(channel, layout).map((home) =>
      redis.eval(TELL, 1, laneKeys(home).settings, String(layout.generation)),
    ),
  );
}

/** The newest generation that the queues know of; above the layout's own, if Redis has lost that in a failover. */
export async function newestToldTo(redis: RedisConnection, homes: readonly Home[]): Promise<number> {
  const told = await Promise.all(
    homes.map((home) => redis.hget(laneKeys(home).settings, GENERATION_SETTING)),
  );
  return Math.max(...told.map(Number));
}

/** KEYS layout. ARGV as it was read or '', as it shall be. */
const REPLACE = `
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1`;

/** @param next from the old one; the same again: nothing is changed */
async function replaceLayout(
  redis: RedisConnection,
  channel: string,
  next: (old: Layout) => Layout,
): Promise<Layout> {
  const key = layoutKey(channel);
  for (;;) {
    const stored = await redis.get(key);
    const old = stored === null ? UNDIVIDED : (JSON.parse(stored) as Layout);
    const changed = next(old);
    if (changed === old) return old;
    const isReplaced = await redis.eval(REPLACE, 1, key, stored ?? '', JSON.stringify(changed));
    if (isReplaced === 1) return changed;
  }
}
