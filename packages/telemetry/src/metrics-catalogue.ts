/**
 * Every metric of a worker, one entry each: the only place where a name, a label or a meaning is written. From it come
 * the metrics themselves (`metrics.ts`), the page docs/metrics.md, and what rules and dashboards are checked against.
 */

type MetricLabel = 'channel' | 'outcome' | 'reason' | 'origin' | 'state';

export interface MetricDefinition {
  readonly name: `callpost_${string}`;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** What one unit of the value is. Base units: seconds, bytes. */
  readonly unit: string;
  /** A label whose values are few and known is zero from the start; `version` and `revision` are for the build alone. */
  readonly labels: readonly (MetricLabel | 'version' | 'revision')[];
  /**
   * `process`: this worker's own; the fleet is the sum. `fleet`: read from Redis, the same in every worker; the fleet
   * is the max, or N workers would count everything N times.
   */
  readonly source: 'process' | 'fleet';
  /** What is counted or measured, exported as the help text. */
  readonly help: string;
  /** What an engineer on call wants to know from it. */
  readonly question: string;
  /** Upper bounds, of a histogram. */
  readonly buckets?: readonly number[];
}

const ATTEMPT_SECONDS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const LATENCY_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 86_400];

export const METRICS = {
  eventsEnqueued: {
    name: 'callpost_events_enqueued_total',
    type: 'counter',
    unit: 'events',
    labels: ['channel', 'outcome'],
    source: 'fleet',
    help: 'Events handed over by producers, by what became of that: accepted, duplicate, invalid',
    question: 'Are producers feeding us?',
  },
  attempts: {
    name: 'callpost_delivery_attempts_total',
    type: 'counter',
    unit: 'attempts',
    labels: ['channel', 'outcome', 'reason'],
    source: 'process',
    help: 'Attempts by what they meant for the event, and why',
    question: 'What is failing?',
  },
  attemptDuration: {
    name: 'callpost_delivery_attempt_duration_seconds',
    type: 'histogram',
    unit: 'seconds',
    labels: ['outcome'],
    source: 'process',
    help: 'From taking an event to the verdict on it',
    question: 'Is Re:amaze slow?',
    buckets: ATTEMPT_SECONDS,
  },
  latency: {
    name: 'callpost_delivery_latency_seconds',
    type: 'histogram',
    unit: 'seconds',
    labels: ['channel', 'origin'],
    source: 'process',
    help: 'From enqueueing (or the last replay) to delivery',
    question: 'Are users late? The indicator behind the objective: 99.9 % of live events within 60 s.',
    buckets: LATENCY_SECONDS,
  },
  queueWait: {
    name: 'callpost_queue_wait_seconds',
    type: 'histogram',
    unit: 'seconds',
    labels: [],
    source: 'process',
    help: 'From enqueueing (or the last replay) to the first attempt',
    question: 'Is it us or them?',
    buckets: LATENCY_SECONDS,
  },
  attemptsPerEvent: {
    name: 'callpost_delivery_attempts_per_event',
    type: 'histogram',
    unit: 'attempts',
    labels: [],
    source: 'process',
    help: 'Attempts that events took until delivered or dead',
    question: 'A silent storm of retries?',
    buckets: [1, 2, 3, 5, 8, 12],
  },
  deadLetters: {
    name: 'callpost_dead_letters_total',
    type: 'counter',
    unit: 'events',
    labels: ['channel', 'reason'],
    source: 'process',
    help: 'Events that became dead letters',
    question: 'Why do they die?',
  },
  laneOvertakes: {
    name: 'callpost_lane_overtakes_total',
    type: 'counter',
    unit: 'events',
    labels: ['channel'],
    source: 'process',
    help: 'Events sent before an earlier one of their call, having waited LANE_MAX_HOLD_MS for it',
    question: 'Did calls arrive out of order?',
  },
  deadLettersDropped: {
    name: 'callpost_dead_letters_dropped_total',
    type: 'counter',
    unit: 'letters',
    labels: ['channel'],
    source: 'process',
    help: 'Dead letters removed because they were older than DLQ_RETENTION_DAYS',
    question: 'What did retention take?',
  },
  replayed: {
    name: 'callpost_replayed_total',
    type: 'counter',
    unit: 'letters',
    labels: ['channel', 'outcome'],
    source: 'process',
    help: 'Replayed letters by what became of them: delivered, or dead again',
    question: 'Is the replay working?',
  },
  inFlight: {
    name: 'callpost_inflight_deliveries',
    type: 'gauge',
    unit: 'events',
    labels: [],
    source: 'process',
    help: 'Events this worker is attempting now',
    question: 'Are the workers saturated?',
  },
  concurrencyLimit: {
    name: 'callpost_worker_concurrency_limit',
    type: 'gauge',
    unit: 'events',
    labels: [],
    source: 'process',
    help: 'Events this worker attempts at a time at most, over all its channels',
    question: 'How much can be in flight?',
  },
  channelConcurrencyLimit: {
    name: 'callpost_channel_concurrency_limit',
    type: 'gauge',
    unit: 'events',
    labels: ['channel'],
    source: 'process',
    help: 'Events of a channel this worker may attempt at a time now; below what is configured while the brake is on',
    question: 'How far is the brake pulled?',
  },
  channelChanges: {
    name: 'callpost_channel_state_changes_total',
    type: 'counter',
    unit: 'changes',
    labels: ['channel', 'state'],
    source: 'process',
    help: 'Changes of a channel into a state, each counted by the one worker that brought it about',
    question: 'Does Re:amaze come and go?',
  },
  channelUnconfigured: {
    name: 'callpost_channel_unconfigured',
    type: 'gauge',
    unit: '0 or 1',
    labels: ['channel'],
    source: 'process',
    help: '1 for a channel that this worker does not consume because it has no secret',
    question: 'Did a secret not arrive?',
  },
  connections: {
    name: 'callpost_http_connections_total',
    type: 'counter',
    unit: 'connections',
    labels: [],
    source: 'process',
    help: 'Connections opened to endpoints; far below the attempts while keep-alive works',
    question: 'Is keep-alive broken?',
  },
  stalled: {
    name: 'callpost_jobs_stalled_total',
    type: 'counter',
    unit: 'events',
    labels: [],
    source: 'process',
    help: 'Events that a worker lost its hold on and that went back to the queue',
    question: 'Did a worker die, or its event loop stand still?',
  },
  redisErrors: {
    name: 'callpost_redis_errors_total',
    type: 'counter',
    unit: 'errors',
    labels: [],
    source: 'process',
    help: 'Errors of Redis and its connections',
    question: 'Is it Redis?',
  },
  queueJobs: {
    name: 'callpost_queue_jobs',
    type: 'gauge',
    unit: 'events',
    labels: ['channel', 'state'],
    source: 'fleet',
    help: 'Events of a channel by where they are: waiting, in_flight, retrying, parked, dead',
    question: 'How large is the backlog?',
  },
  oldestAge: {
    name: 'callpost_queue_oldest_job_age_seconds',
    type: 'gauge',
    unit: 'seconds',
    labels: ['channel', 'state'],
    source: 'fleet',
    help: 'Since enqueueing or the last replay, of the next event that was never attempted (waiting) and of the oldest among those next and last due (retrying, parked: at least so old); since it died (dead); 0 for none',
    question: 'Is something stuck?',
  },
  retryOverdue: {
    name: 'callpost_retry_overdue_seconds',
    type: 'gauge',
    unit: 'seconds',
    labels: ['channel'],
    source: 'fleet',
    help: 'How long the retry, or end of a hold, that is due next is past its time; 0 when none is',
    question: 'Does anybody consume the channel at all?',
  },
  channelState: {
    name: 'callpost_channel_state',
    type: 'gauge',
    unit: '0 or 1',
    labels: ['channel', 'state'],
    source: 'fleet',
    help: '1 for the state a channel is in (flowing, braked, recovering, waiting, held), and for paused beside it',
    question: 'Did the brake, or a person, stop it?',
  },
  channelHeld: {
    name: 'callpost_channel_held',
    type: 'gauge',
    unit: '0 or 1',
    labels: ['channel'],
    source: 'fleet',
    help: '1 for a channel that Re:amaze refuses; look at its secret and URL',
    question: 'Is a secret wrong?',
  },
  brakeSeconds: {
    name: 'callpost_channel_brake_seconds',
    type: 'gauge',
    unit: 'seconds',
    labels: ['channel'],
    source: 'fleet',
    help: 'For how long a channel has kept its events back (braked, waiting, held or paused); 0 when it does not',
    question: 'Since when does nothing flow?',
  },
  drainEta: {
    name: 'callpost_drain_eta_seconds',
    type: 'gauge',
    unit: 'seconds',
    labels: ['channel'],
    source: 'fleet',
    help: 'Until nothing is left to deliver, going on as in the past 5 minutes; 0 with nothing left, +Inf while it does not shrink',
    question: 'When are we caught up?',
  },
  replayRuns: {
    name: 'callpost_replay_runs',
    type: 'gauge',
    unit: 'runs',
    labels: ['channel', 'state'],
    source: 'fleet',
    help: 'Replay runs that are not over, among the newest 100: running, paused, stopped_by_canary',
    question: 'Is a replay under way, or stopped?',
  },
  replayLettersLeft: {
    name: 'callpost_replay_letters_left',
    type: 'gauge',
    unit: 'letters',
    labels: ['channel'],
    source: 'fleet',
    help: 'Letters that running replay runs have not sent yet',
    question: 'How far is the replay?',
  },
  redisMemoryUsed: {
    name: 'callpost_redis_memory_used_bytes',
    type: 'gauge',
    unit: 'bytes',
    labels: [],
    source: 'fleet',
    help: 'Memory of Redis that counts against its limit; of a cluster, that of its fullest master',
    question: 'How full is Redis?',
  },
  redisMemoryLimit: {
    name: 'callpost_redis_memory_limit_bytes',
    type: 'gauge',
    unit: 'bytes',
    labels: [],
    source: 'fleet',
    help: "maxmemory of that Redis, or the machine's memory where none is set",
    question: 'How much can an outage pile up?',
  },
  redisMemoryFullEta: {
    name: 'callpost_redis_memory_full_eta_seconds',
    type: 'gauge',
    unit: 'seconds',
    labels: [],
    source: 'fleet',
    help: 'Until Redis is full and refuses events, going on as in the past 15 minutes; +Inf while it does not grow',
    question: 'When do producers start being refused?',
  },
  scrapeSuccess: {
    name: 'callpost_queue_scrape_success_timestamp_seconds',
    type: 'gauge',
    unit: 'Unix time in seconds',
    labels: ['channel'],
    source: 'fleet',
    help: 'When the gauges of the channel were last read from Redis; 0 for never',
    question: 'Can I trust the gauges?',
  },
  buildInfo: {
    name: 'callpost_build_info',
    type: 'gauge',
    unit: 'always 1',
    labels: ['version', 'revision'],
    source: 'process',
    help: 'Always 1; the labels say which build runs',
    question: 'Which deploy is this?',
  },
} as const satisfies Record<string, MetricDefinition>;
