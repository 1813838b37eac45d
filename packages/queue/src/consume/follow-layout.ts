import { randomUUID } from 'node:crypto';
import type { RedisConnection } from '../redis.js';
import { bringHomeAlone } from '../shards/bring-home.js';
import { changeLayout, newestToldTo, tellHomes } from '../shards/change-layout.js';
import { tryToEndFormer } from '../shards/end-former.js';
import { allHomes, type Layout, readLayout } from '../shards/layout.js';

export interface FollowLayoutOptions {
  readonly channel: string;
  readonly redis: RedisConnection;
  /** How many queues this worker wants new calls to be spread over. */
  readonly shards: number;
  readonly dedupWindowMs: number;
  /** Called with the first layout, and with each that is new. */
  readonly onLayout: (layout: Layout) => void;
  readonly onError: (error: Error) => void;
  /** Unix ms. */
  readonly now: () => number;
}

/** How late a worker may begin to take events from a new queue. */
const LOOK_EVERY_MS = 1_000;
/** How often former homes are looked at, whether they can be ended. */
const TRY_TO_END_EVERY_MS = 3_000;

/**
 * A worker's part in the layout of its channel. When it starts it makes it what it is configured for, so the worker that
 * started last is right; from then on it only looks, and goes where the events are. One worker brings the letters of
 * former homes to where their calls go now; these homes are ended by whoever finds first that they can be. A layout older than one that was seen is what a failover of Redis left: what was seen is
 * written again.
 */
export function followLayout(options: FollowLayoutOptions) {
  const { channel, redis, shards, dedupWindowMs, onLayout, onError, now } = options;
  const token = randomUUID();
  let seen: Layout | null = null;
  let isAsConfigured = false;
  let toldGeneration = 0;
  let triedAtMs = Number.NEGATIVE_INFINITY;
  let isTidying = false;
  let timer: NodeJS.Timeout | null = null;
  let isStopped = false;

  function use(layout: Layout): Layout {
    const isNew = layout.generation !== seen?.generation || layout.clearSinceMs !== seen.clearSinceMs;
    seen = layout;
    if (isNew && !isStopped) onLayout(layout);
    return layout;
  }

  async function configure(layout: Layout): Promise<Layout> {
    const told = await newestToldTo(redis, allHomes(channel, layout));
    const generation = Math.max(layout.generation, told);
    const changed = await changeLayout(redis, channel, shards, {
      nowMs: now(),
      seen: { ...layout, generation },
    });
    isAsConfigured = true;
    return changed;
  }

  /** First whoever takes events from a queue, then whoever puts some there; and until a change is written, as it is. */
  async function look(): Promise<void> {
    const before = seen;
    let layout = await readLayout(redis, channel);
    if (before !== null && layout.generation < before.generation) {
      layout = await changeLayout(redis, channel, before.shards, { nowMs: now(), seen: before });
    }
    use(layout);
    if (!isAsConfigured) layout = use(await configure(layout));
    if (isStopped) return;
    if (layout.generation !== toldGeneration) await tellHomes(redis, channel, layout);
    toldGeneration = layout.generation;
    if (isTidying || layout.former.length === 0 || now() - triedAtMs < TRY_TO_END_EVERY_MS) return;
    triedAtMs = now();
    void tidy(layout);
  }

  /** Beside the looking on: many letters take a while. */
  async function tidy(layout: Layout): Promise<void> {
    isTidying = true;
    try {
      await bringHomeAlone(redis, channel, layout, token);
      await tryToEndFormer({ redis, channel, layout, dedupWindowMs, nowMs: now() });
    } catch (error) {
      report(error);
    } finally {
      isTidying = false;
    }
  }

  function report(error: unknown): void {
    if (!isStopped) onError(error instanceof Error ? error : new Error(String(error)));
  }

  async function lookOn(): Promise<void> {
    try {
      await look();
    } catch (error) {
      report(error);
    }
    if (isStopped) return;
    timer = setTimeout(() => void lookOn(), LOOK_EVERY_MS);
    timer.unref();
  }

  return {
    start: () => void lookOn(),
    stop() {
      isStopped = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}
