import type { RedisConnection } from '../redis.js';
import { allHomes, type Home, type Layout, readLayout } from './layout.js';

/** What was read of a channel's homes, the channel's own first. */
export interface HomeReadings<T> {
  readonly layout: Layout;
  readonly ofHome: ReadonlyMap<Home, T>;
}

/** Reads every home of a channel. The channel's own is read while its layout is: an undivided one waits for nothing. */
export async function readEachHome<T>(
  redis: RedisConnection,
  channel: string,
  read: (home: Home) => Promise<T>,
): Promise<HomeReadings<T>> {
  const [own, layout] = await Promise.all([read(channel), readLayout(redis, channel)]);
  const others = allHomes(channel, layout).filter((home) => home !== channel);
  const readings = await Promise.all(others.map(async (home) => [home, await read(home)] as const));
  return { layout, ofHome: new Map([[channel, own], ...readings]) };
}

/** The earliest of some moments in Unix ms; null when there is none. */
export function earliest(timesMs: ReadonlyArray<number | null>): number | null {
  const known = timesMs.filter((time) => time !== null);
  return known.length === 0 ? null : Math.min(...known);
}
