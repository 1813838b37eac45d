import type { ChannelBrake } from '../brake/channel-brake.js';
import type { RedisConnection } from '../redis.js';
import type { Layout } from '../shards/layout.js';
import type { Deliver, TakenEvent } from './taken-event.js';

export interface ChannelConsumerOptions {
  readonly channel: string;
  /** Made by `connectRedis(url, 'worker')`; several consumers may share it. */
  readonly redis: RedisConnection;
  readonly deliver: Deliver;
  /** How many queues new calls are spread over. The worker that started last is right. */
  readonly shards: number;
  /** Events in flight at a time, in this process; {@link brake} keeps to it exactly when there are shards. */
  readonly concurrency: number;
  /** Over all workers together; null for no limit. */
  readonly maxPerSecond: number | null;
  /** How long a worker that stops answering keeps its events. At least twice the longest attempt. */
  readonly lockDurationMs: number;
  /** How long the id of a delivered event is remembered, so that a second event with it is a duplicate. */
  readonly dedupWindowMs: number;
  /** How long an event waits for earlier ones of its call, without the time that the channel itself was stopped. */
  readonly laneMaxHoldMs: number;
  /** How long, in ms, the channel took no events since then (Unix ms). */
  readonly stoppedMsSince: (sinceMs: number) => number;
  /** Says when events may be taken; absent: always. What is posted, `deliver` asks it for and tells it. */
  readonly brake?: ChannelBrake;
  readonly observer: ConsumerObserver;
  readonly now: () => number;
}

export interface ConsumerObserver {
  /** An event became a dead letter without an attempt of ours, since each worker that took it died. */
  onStalledToDeath(taken: TakenEvent): void;
  /** A worker, perhaps another one, lost its hold on an event; the event is waiting again. */
  onStalled(jobId: string): void;
  /** This worker learned how the channel is divided. Never called for one that never was. */
  onLayout(layout: Pick<Layout, 'shards' | 'former'>): void;
  /** Of Redis or BullMQ. */
  onError(error: Error): void;
  /** The delivery threw, which it must not; the event is tried again later. */
  onDefect(error: Error): void;
}
