import { queueKey } from '../names.js';
import type { RedisConnection } from '../redis.js';

/**
 * How a channel is spread over queues. The events of one call are in one of them, its home. Channel, brake, replay runs,
 * audit and this are kept where the channel's first queue is, whatever the number of shards.
 */
export interface Layout {
  /** Grows with each change: Unix ms of it, or more. `0`: never changed. Who knows of a newer one is right. */
  readonly generation: number;
  /** How many queues new calls go to; 1: the channel's own. */
  readonly shards: number;
  /** Numbers of shards before, oldest first, whose queues may still hold events, letters or known ids. */
  readonly former: readonly number[];
  /** Unix ms: since when nothing but known ids is left of the former ones; absent: not so, as far as is known. */
  readonly clearSinceMs?: number;
}

/**
 * A queue of a channel: the channel's name for an undivided one, `<channel>.<n>` for a shard. No channel name has a dot.
 * What reads or writes the keys of one queue takes a home; what is about the whole channel takes the channel's name.
 */
export type Home = string;

export const UNDIVIDED: Layout = { generation: 0, shards: 1, former: [] };

/** More would be more connections than a Redis core's worth of events is good for. */
export const MAX_SHARDS = 64;

export function homes(channel: string, shards: number): Home[] {
  return shards === 1 ? [channel] : Array.from({ length: shards }, (_, index) => `${channel}.${index}`);
}

/** Where new events of a call go. */
export function homeOfCall(channel: string, shards: number, call: string): Home {
  return shards === 1 ? channel : `${channel}.${hashOf(call) % shards}`;
}

/**
 * Where an event of the call may be, or may have to go: where the call may have begun under earlier layouts, oldest first,
 * and last where it begins now.
 */
export function pathOfCall(channel: string, { shards, former }: Layout, call: string): [...Home[], Home] {
  const now = homeOfCall(channel, shards, call);
  const before = new Set(former.map((count) => homeOfCall(channel, count, call)));
  before.delete(now);
  return [...before, now];
}

/**
 * Every queue that may hold something of the channel. The channel's own is always one of them: plain BullMQ producers
 * know no other.
 */
export function allHomes(channel: string, { shards, former }: Layout): Home[] {
  return [
    ...new Set([channel, ...homes(channel, shards), ...former.flatMap((count) => homes(channel, count))]),
  ];
}

export function channelOf(home: Home): string {
  return home.replace(/\.\d+$/, '');
}

/** Whether letters may just be on their way to where their calls go now. */
export function mayLettersMove({ former, clearSinceMs }: Layout): boolean {
  return former.length > 0 && clearSinceMs === undefined;
}

/** Homes that new calls no longer go to, though the channel's own stays in use by plain BullMQ producers. */
export function formerOnlyHomes(channel: string, layout: Layout): Home[] {
  const now = new Set(homes(channel, layout.shards));
  return allHomes(channel, layout).filter((home) => !now.has(home));
}

export async function readLayout(redis: RedisConnection, channel: string): Promise<Layout> {
  const stored = await redis.get(layoutKey(channel));
  return stored === null ? UNDIVIDED : (JSON.parse(stored) as Layout);
}

/** String, JSON: the channel's {@link Layout}; absent while it was never changed. */
export function layoutKey(channel: string): string {
  return queueKey(channel, 'callpost:layout');
}

/** FNV-1a: spreads well, and is the same in every producer for good. */
function hashOf(call: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(call)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
