import {
  type ChannelConsumer,
  createChannelConsumer,
  createRunCarrier,
  type RedisConnection,
  type TakenEvent,
} from '@callpost/queue';
import type { AttemptEntry, ErrorLog, Logger, Metrics } from '@callpost/telemetry';
import type { Channel, ConfiguredChannel } from './channel.js';
import { entryOf } from './conclusion.js';
import type { WorkerConfig } from './config.js';
import { createDeliver } from './deliver-event.js';
import type { InFlight } from './health.js';
import { letGo } from './let-go.js';
import { openBrake } from './open-brake.js';

export interface ConsumeOptions {
  readonly config: WorkerConfig;
  readonly redis: RedisConnection;
  /** For replay runs. */
  readonly replayRedis: RedisConnection;
  /** Events that are being attempted, and what of that is waiting for Re:amaze. */
  readonly inFlight: InFlight;
  readonly posts: InFlight;
  readonly metrics: Metrics;
  readonly channelLabel: (channel: string) => string;
  readonly logger: Logger;
  readonly errorLog: ErrorLog;
  readonly observe: (entry: AttemptEntry, taken: TakenEvent) => void;
  readonly onRedisError: (error: Error) => void;
  /** Unix ms. */
  readonly now: () => number;
}

/** Joins one channel's queue with its delivery, and carries out the channel's replay runs. */
export function consumeChannel(
  channel: Channel,
  settings: ConfiguredChannel,
  {
    config,
    redis,
    replayRedis,
    inFlight,
    posts,
    metrics,
    channelLabel,
    logger,
    errorLog,
    observe,
    onRedisError,
    now,
  }: ConsumeOptions,
): ChannelConsumer {
  const { workerName, retryPolicy, withheldCallers, dedupWindowMs, laneMaxHoldMs } = config;
  const { name } = settings;
  const concurrency = settings.concurrency ?? config.concurrency;
  const brake = openBrake({
    channel: name,
    concurrency,
    config,
    redis,
    metrics,
    channelLabel,
    logger,
    onRedisError,
    now,
  });
  channel.onUpdate(brake.probeNow);
  const deliver = createDeliver({
    channel,
    brake,
    retryPolicy,
    withheldCallers,
    workerName,
    posts,
    observe,
    now,
    random: Math.random,
  });
  const consumer = createChannelConsumer({
    channel: name,
    redis,
    deliver: (taken, interrupt) => {
      const { jobId, attempt, origin } = taken;
      logger.debug({ channel: name, jobId, attempt, origin }, 'event taken');
      return inFlight.track(deliver(taken, interrupt));
    },
    shards: settings.shards,
    concurrency,
    maxPerSecond: settings.maxPerSecond,
    lockDurationMs: config.lockDurationMs,
    dedupWindowMs,
    laneMaxHoldMs,
    stoppedMsSince: brake.brakedMsSince,
    brake,
    now,
    observer: {
      onError: onRedisError,
      onDefect: (error) => errorLog.report('a delivery threw: this is a defect of Callpost', error),
      onLayout: ({ shards, former }) => logger.info({ channel: name, shards, former }, 'channel divided'),
      onStalled(jobId) {
        metrics.stalled.inc();
        logger.warn({ channel: name, jobId }, 'event stalled; it is waiting again');
      },
      onStalledToDeath(taken) {
        const verdict = { outcome: 'dead', reason: 'stalled' } as const;
        const atMs = now();
        observe(
          entryOf({ channel: name, workerName, taken, verdict, startedAtMs: atMs, finishedAtMs: atMs }),
          taken,
        );
      },
    },
  });
  const carrier = createRunCarrier({
    channel: name,
    redis: replayRedis,
    workerName,
    now,
    onError: (error) => errorLog.report('carrying out a replay run failed', error),
    onRunEnded: ({ id: run, state }, report) =>
      logger.info({ channel: name, run, state, ...report }, 'replay run ended'),
  });
  return {
    channel: name,
    start() {
      consumer.start();
      carrier.start();
    },
    async stop(graceMs) {
      const [held] = await Promise.all([consumer.stop(graceMs), letGo(() => carrier.stop())]);
      return held;
    },
  };
}
