import {
  type ChannelBrake,
  type ChannelState,
  createChannelBrake,
  type RedisConnection,
} from '@callpost/queue';
import type { Logger, Metrics } from '@callpost/telemetry';
import type { WorkerConfig } from './config.js';

export interface OpenBrakeOptions {
  readonly channel: string;
  /** Events in flight at a time, in this process. */
  readonly concurrency: number;
  readonly config: Pick<WorkerConfig, 'brake' | 'requestTimeoutMs'>;
  readonly redis: RedisConnection;
  readonly metrics: Metrics;
  readonly channelLabel: (channel: string) => string;
  readonly logger: Logger;
  readonly onRedisError: (error: Error) => void;
  /** Unix ms. */
  readonly now: () => number;
}

/** From the end of an attempt to the end of its report. */
const REPORT_MS = 5_000;

/** This worker's hand on a channel's brake, with a log line and metrics for what it does. */
export function openBrake(options: OpenBrakeOptions): ChannelBrake {
  const { channel, concurrency, config, redis, metrics, channelLabel, logger, onRedisError, now } = options;
  const label = { channel: channelLabel(channel) };
  const brake = createChannelBrake({
    channel,
    redis,
    concurrency,
    tuning: { ...config.brake, probeMs: config.requestTimeoutMs + REPORT_MS },
    observer: {
      onChange(state, from) {
        metrics.channelChanges.inc({ ...label, state: state.state });
        logger[LEVEL[state.state]]({ channel, from, to: state.state, ...details(state) }, TEXT[state.state]);
      },
      onPause({ pause }) {
        if (pause === null) logger.info({ channel }, 'channel resumed by a person');
        else
          logger.warn(
            { channel, who: pause.who, why: pause.reason, pausedAtMs: pause.atMs },
            'channel paused by a person',
          );
      },
      onError: onRedisError,
    },
    now,
    random: Math.random,
  });
  metrics.channelConcurrencyLimit.set(label, concurrency);
  brake.follow((limit) => metrics.channelConcurrencyLimit.set(label, limit));
  return brake;
}

const LEVEL = {
  flowing: 'info',
  braked: 'warn',
  recovering: 'info',
  waiting: 'warn',
  held: 'error',
} as const;

const TEXT = {
  flowing: 'channel flows',
  braked: 'channel braked: Re:amaze fails',
  recovering: 'channel recovers',
  waiting: 'channel waits: Re:amaze asked for it',
  held: 'channel held: Re:amaze refuses it; look at its secret and URL',
} satisfies Record<ChannelState['state'], string>;

function details({ probeAtMs, untilMs, status, nowMs }: ChannelState) {
  return {
    ...(status === null ? {} : { status }),
    ...(probeAtMs === null ? {} : { probeInMs: probeAtMs - nowMs }),
    ...(untilMs === null ? {} : { waitMs: untilMs - nowMs }),
  };
}
