import { laneKeys, MAX_HOLD_SETTING } from '../lanes/lane-keys.js';
import { CHANNELS_KEY } from '../names.js';
import { allHomes, type Home, type Layout, MAX_SHARDS, UNDIVIDED } from '../shards/layout.js';
import type { ChannelConsumerOptions } from './consumer-options.js';
import { followLayout } from './follow-layout.js';
import { createHomeConsumer, type HomeConsumer } from './home-consumer.js';
import { createSharedGate } from './shared-gate.js';
import { sharesOf } from './shares.js';

export interface ChannelConsumer {
  readonly channel: string;
  start(): void;
  /**
   * Takes no more events; settles those in flight, and after `graceMs` hands them back. With Redis away it waits for it,
   * but only for what it holds, and not longer than {@link HAND_BACK_MS} beyond the grace.
   *
   * @returns how many events it still holds; they are taken up by another worker when their locks have run out
   */
  stop(graceMs: number): Promise<number>;
}

/**
 * Takes the events of one channel, from each of its queues, hands each to `deliver`, and settles it by what comes back.
 * Queues come and go with the channel's layout; the brake is one.
 *
 * @throws RangeError for a number of shards that is not a whole one from 1 to {@link MAX_SHARDS}
 */
export function createChannelConsumer(options: ChannelConsumerOptions): ChannelConsumer {
  const { channel, shards, redis, observer, brake } = options;
  if (!Number.isInteger(shards) || shards < 1 || shards > MAX_SHARDS) {
    throw new RangeError(`shards: found ${shards}; allowed: a whole number from 1 to ${MAX_SHARDS}`);
  }
  const gate = brake === undefined ? null : createSharedGate(brake);
  const consumers = new Map<Home, HomeConsumer>();
  /** Of queues that are no longer the channel's: they hold nothing, or finish what they hold. */
  const leaving = new Set<Promise<number>>();
  let layout = UNDIVIDED;
  let isStopped = false;

  const shares = () =>
    sharesOf(channel, layout, {
      concurrency: brake?.limit() ?? options.concurrency,
      maxPerSecond: options.maxPerSecond,
      rate: brake?.rate() ?? 1,
    });

  function share(): void {
    const all = shares();
    for (const [home, consumer] of consumers) consumer.use(all.of(home));
  }

  function spread(next: Layout): void {
    if (isStopped) return;
    if (next.generation > layout.generation) observer.onLayout(next);
    layout = next;
    const wanted = allHomes(channel, layout);
    for (const [home, consumer] of consumers) if (!wanted.includes(home)) leave(home, consumer);
    share();
    for (const home of wanted) if (!consumers.has(home)) join(home);
  }

  /** Producers have to know; in the channel's own queue, which always is one of them, before the layout is read. */
  function tellMaxHold(home: Home): void {
    redis.hset(laneKeys(home).settings, MAX_HOLD_SETTING, options.laneMaxHoldMs).catch(observer.onError);
  }

  function join(home: Home): void {
    if (home !== channel) tellMaxHold(home);
    const consumer = createHomeConsumer({ ...options, home, gate, share: shares().of(home) });
    consumers.set(home, consumer);
    consumer.start();
  }

  function leave(home: Home, consumer: HomeConsumer): void {
    consumers.delete(home);
    const left = consumer.stop(options.lockDurationMs);
    leaving.add(left);
    left.catch(observer.onError).finally(() => leaving.delete(left));
  }

  let lastLimit = 0;
  brake?.follow((limit) => {
    share();
    if (limit > lastLimit) gate?.onMorePlaces();
    lastLimit = limit;
  });
  const layouts = followLayout({ ...options, onLayout: spread, onError: observer.onError });

  return {
    channel,
    start() {
      redis.sadd(CHANNELS_KEY, channel).catch(observer.onError);
      tellMaxHold(channel);
      layouts.start();
    },
    async stop(graceMs) {
      isStopped = true;
      layouts.stop();
      const stopping = [...consumers.values()].map((consumer) => consumer.stop(graceMs));
      gate?.stop();
      const held = await Promise.all([...stopping, ...leaving]);
      brake?.stop();
      return held.reduce((sum, count) => sum + count, 0);
    },
  };
}
