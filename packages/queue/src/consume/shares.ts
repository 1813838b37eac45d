import { allHomes, type Home, homes, type Layout } from '../shards/layout.js';

/** What of a channel's limits is for one of its queues. */
export interface Share {
  readonly concurrency: number;
  /** So many events within so many ms, over all workers; null for no limit. */
  readonly limiter: { readonly max: number; readonly duration: number } | null;
}

interface Limits {
  /** Events in flight in this process. */
  readonly concurrency: number;
  readonly maxPerSecond: number | null;
  /** From 0 to 1: how much of that may be used. */
  readonly rate: number;
}

/**
 * Of a queue that new calls do not go to: a tenth of what others have. The channel's own, to which only plain BullMQ
 * producers add then, and former homes once nothing is left in them.
 */
const IDLE_WEIGHT = 0.1;

/**
 * Every queue that calls go to, or may still have events of calls that went there, has the same share. What one does not use, another cannot: of
 * `maxPerSecond`, which BullMQ counts queue by queue, part is unused while calls are unevenly spread, and while former
 * homes are drained. Events in flight are rounded up, since the gate bounds them all together.
 */
export function sharesOf(channel: string, layout: Layout, { concurrency, maxPerSecond, rate }: Limits) {
  const busy = layout.clearSinceMs === undefined ? [layout.shards, ...layout.former] : [layout.shards];
  const used = new Set(busy.flatMap((count) => homes(channel, count)));
  const idle = allHomes(channel, layout).filter((home) => !used.has(home));
  const total = used.size + idle.length * IDLE_WEIGHT;
  return {
    of(home: Home): Share {
      const share = (used.has(home) ? 1 : IDLE_WEIGHT) / total;
      return {
        // BullMQ wants at least 1; the gate is what keeps events back.
        concurrency: Math.max(1, Math.ceil(concurrency * share)),
        limiter: maxPerSecond === null ? null : limiterFor(Math.max(1, maxPerSecond * rate) * share),
      };
    },
  };
}

/** BullMQ counts whole events: one in so long, where it is less than one a second. */
function limiterFor(perSecond: number) {
  const max = Math.max(1, Math.floor(perSecond));
  return { max, duration: Math.ceil((1_000 * max) / perSecond) };
}
