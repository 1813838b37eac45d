import { OUTCOMES } from '@callpost/domain';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

const ATTEMPT_SECONDS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const LATENCY_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 86_400];

export interface BuildInfo {
  readonly version: string;
  readonly revision: string;
}

export type Metrics = ReturnType<typeof createMetrics>;

/**
 * Every metric of a worker process. Counters and histograms are this process's own: sum them. Gauges whose help begins
 * with "Fleet:" are read from Redis and are the same in every worker: take the max.
 */
export function createMetrics(build: BuildInfo) {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  const metrics = {
    registry,
    attempts: new Counter({
      name: 'callpost_delivery_attempts_total',
      help: 'Attempts by what they meant for the event, and why',
      labelNames: ['channel', 'outcome', 'reason'] as const,
      registers,
    }),
    attemptDuration: new Histogram({
      name: 'callpost_delivery_attempt_duration_seconds',
      help: 'From taking an event to the verdict on it',
      labelNames: ['outcome'] as const,
      buckets: ATTEMPT_SECONDS,
      registers,
    }),
    latency: new Histogram({
      name: 'callpost_delivery_latency_seconds',
      help: 'From enqueueing (or the last replay) to delivery',
      labelNames: ['channel', 'origin'] as const,
      buckets: LATENCY_SECONDS,
      registers,
    }),
    queueWait: new Histogram({
      name: 'callpost_queue_wait_seconds',
      help: 'From enqueueing (or the last replay) to the first attempt',
      buckets: LATENCY_SECONDS,
      registers,
    }),
    attemptsPerEvent: new Histogram({
      name: 'callpost_delivery_attempts_per_event',
      help: 'Attempts that events took until delivered or dead',
      buckets: [1, 2, 3, 5, 8, 12],
      registers,
    }),
    deadLetters: new Counter({
      name: 'callpost_dead_letters_total',
      help: 'Events that became dead letters',
      labelNames: ['channel', 'reason'] as const,
      registers,
    }),
    laneOvertakes: new Counter({
      name: 'callpost_lane_overtakes_total',
      help: 'Events sent before an earlier one of their call, having waited LANE_MAX_HOLD_MS for it',
      labelNames: ['channel'] as const,
      registers,
    }),
    deadLettersDropped: new Counter({
      name: 'callpost_dead_letters_dropped_total',
      help: 'Dead letters removed because they were older than DLQ_RETENTION_DAYS',
      labelNames: ['channel'] as const,
      registers,
    }),
    inFlight: new Gauge({
      name: 'callpost_inflight_deliveries',
      help: 'Events this worker is attempting now',
      registers,
    }),
    concurrencyLimit: new Gauge({
      name: 'callpost_worker_concurrency_limit',
      help: 'Events this worker attempts at a time at most, over all its channels',
      registers,
    }),
    channelConcurrencyLimit: new Gauge({
      name: 'callpost_channel_concurrency_limit',
      help: 'Events of a channel this worker may attempt at a time now; below what is configured while the brake is on',
      labelNames: ['channel'] as const,
      registers,
    }),
    channelChanges: new Counter({
      name: 'callpost_channel_state_changes_total',
      help: 'Changes of a channel into a state, each counted by the one worker that brought it about',
      labelNames: ['channel', 'state'] as const,
      registers,
    }),
    channelState: new Gauge({
      name: 'callpost_channel_state',
      help: 'Fleet: 1 for the state a channel is in (flowing, braked, recovering, waiting, held), and for paused beside it',
      labelNames: ['channel', 'state'] as const,
      registers,
    }),
    channelHeld: new Gauge({
      name: 'callpost_channel_held',
      help: 'Fleet: 1 for a channel that Re:amaze refuses; look at its secret and URL',
      labelNames: ['channel'] as const,
      registers,
    }),
    brakeSeconds: new Gauge({
      name: 'callpost_channel_brake_seconds',
      help: 'Fleet: for how long a channel has kept its events back (braked, waiting, held or paused); 0 when it does not',
      labelNames: ['channel'] as const,
      registers,
    }),
    channelUnconfigured: new Gauge({
      name: 'callpost_channel_unconfigured',
      help: '1 for a channel that this worker does not consume because it has no secret',
      labelNames: ['channel'] as const,
      registers,
    }),
    connections: new Counter({
      name: 'callpost_http_connections_total',
      help: 'Connections opened to endpoints; far below the attempts while keep-alive works',
      registers,
    }),
    stalled: new Counter({
      name: 'callpost_jobs_stalled_total',
      help: 'Events that a worker lost its hold on and that went back to the queue',
      registers,
    }),
    redisErrors: new Counter({
      name: 'callpost_redis_errors_total',
      help: 'Errors of Redis and its connections',
      registers,
    }),
    queueJobs: new Gauge({
      name: 'callpost_queue_jobs',
      help: 'Fleet: events of a channel by where they are',
      labelNames: ['channel', 'state'] as const,
      registers,
    }),
    oldestAge: new Gauge({
      name: 'callpost_queue_oldest_job_age_seconds',
      help: 'Fleet: age of the next waiting event, and time since the oldest dead letter died; 0 when there is none',
      labelNames: ['channel', 'state'] as const,
      registers,
    }),
    scrapeSuccess: new Gauge({
      name: 'callpost_queue_scrape_success_timestamp_seconds',
      help: 'When the gauges marked "Fleet:" were last read from Redis',
      registers,
    }),
  };

  for (const outcome of OUTCOMES) metrics.attemptDuration.zero({ outcome });
  new Gauge({
    name: 'callpost_build_info',
    help: 'Always 1; the labels say which build runs',
    labelNames: ['version', 'revision'] as const,
    registers,
  }).set({ version: build.version, revision: build.revision }, 1);
  return metrics;
}
