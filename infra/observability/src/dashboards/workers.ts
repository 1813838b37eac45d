import type { Dashboard } from './dashboard.js';

/** For whoever runs the machines: are the workers well, and is Redis? */
export const workers: Dashboard = {
  uid: 'callpost-workers',
  title: 'Callpost workers and Redis',
  description: 'Are there enough workers, are they well, and how full is Redis?',
  byChannel: false,
  rows: [
    {
      title: 'Workers',
      panels: [
        {
          title: 'Builds',
          description: 'Workers by what they run. Two lines: a rollout is under way, or stuck.',
          kind: 'lines',
          unit: 'short',
          queries: [
            { expr: 'sum by (version, revision) (callpost_build_info)', legend: '{{version}} {{revision}}' },
          ],
          alerts: ['CallpostNoWorkers'],
        },
        {
          title: 'Reached',
          description: '1 for each worker that answers Prometheus.',
          kind: 'lines',
          unit: 'none',
          queries: [{ expr: 'up{job="callpost-worker"}', legend: '{{instance}}' }],
          alerts: ['CallpostWorkerUnreachable'],
        },
        {
          title: 'In flight against the limit',
          description: 'At the limit for long: more workers, or a higher WORKER_CONCURRENCY.',
          kind: 'lines',
          unit: 'short',
          queries: [
            { expr: 'sum(callpost_inflight_deliveries)', legend: 'in flight' },
            { expr: 'sum(callpost_worker_concurrency_limit)', legend: 'limit' },
          ],
          alerts: ['CallpostWorkersSaturated'],
        },
        {
          title: 'Event loop lag',
          description: '99 % of the turns are faster. Above a second locks are at risk and events stall.',
          kind: 'lines',
          unit: 's',
          colours: ['green', [1, 'red']],
          queries: [{ expr: 'max by (instance) (nodejs_eventloop_lag_p99_seconds)', legend: '{{instance}}' }],
          alerts: ['CallpostEventsStalled'],
        },
        {
          title: 'Processor',
          description: 'A worker uses one core at most.',
          kind: 'lines',
          unit: 'percentunit',
          queries: [
            {
              expr: 'sum by (instance) (rate(process_cpu_seconds_total[$__rate_interval]))',
              legend: '{{instance}}',
            },
          ],
        },
        {
          title: 'Memory',
          description: 'Resident.',
          kind: 'lines',
          unit: 'bytes',
          queries: [{ expr: 'max by (instance) (process_resident_memory_bytes)', legend: '{{instance}}' }],
        },
        {
          title: 'Connections to endpoints',
          description: 'Opened for each attempt: far below 1 while keep-alive works.',
          kind: 'lines',
          unit: 'none',
          queries: [
            {
              expr: 'sum(rate(callpost_http_connections_total[$__rate_interval])) / sum(rate(callpost_delivery_attempts_total[$__rate_interval]))',
              legend: 'a connection for each attempt',
            },
          ],
        },
        {
          title: 'Stalls and errors of Redis',
          description:
            'Events that went back to the queue because a worker lost them; errors of the connections to Redis.',
          kind: 'lines',
          unit: 'cps',
          queries: [
            { expr: 'sum(rate(callpost_jobs_stalled_total[$__rate_interval]))', legend: 'stalled' },
            { expr: 'sum(rate(callpost_redis_errors_total[$__rate_interval]))', legend: 'errors of Redis' },
          ],
          alerts: ['CallpostEventsStalled', 'CallpostRedisUnreachable'],
        },
        {
          title: 'Channels without a secret',
          description: 'Workers that do not consume a channel because its secret did not arrive.',
          kind: 'lines',
          unit: 'short',
          queries: [{ expr: 'sum by (channel) (callpost_channel_unconfigured)', legend: '{{channel}}' }],
          alerts: ['CallpostChannelUnconfigured'],
        },
      ],
    },
    {
      title: 'Redis',
      panels: [
        {
          title: 'Memory used',
          description: 'Of maxmemory, or of the machine. When it is full, producers are refused.',
          kind: 'figure',
          unit: 'percentunit',
          colours: ['green', [0.75, 'orange'], [0.9, 'red']],
          queries: [{ expr: 'fleet:callpost_redis_memory_used:ratio' }],
          alerts: ['CallpostRedisNearlyFull', 'CallpostRedisFilling'],
        },
        {
          title: 'Full in',
          description: 'If it goes on as in the past 15 minutes. Infinite while it does not grow.',
          kind: 'figure',
          unit: 's',
          colours: ['red', [3_600, 'orange'], [86_400, 'green']],
          queries: [{ expr: 'min(callpost_redis_memory_full_eta_seconds)' }],
          alerts: ['CallpostRedisNearlyFull'],
        },
        {
          title: 'Age of the gauges',
          description:
            'Since the queues were last read. Over 2 minutes, no figure about queues can be trusted.',
          kind: 'figure',
          unit: 's',
          decimals: 0,
          colours: ['green', [120, 'red']],
          queries: [
            { expr: 'time() - min(max by (channel) (callpost_queue_scrape_success_timestamp_seconds))' },
          ],
          alerts: ['CallpostGaugesStale', 'CallpostRedisUnreachable'],
        },
        {
          title: 'Memory',
          description: 'What is used and what there is.',
          kind: 'lines',
          unit: 'bytes',
          queries: [
            { expr: 'max(callpost_redis_memory_used_bytes)', legend: 'used' },
            { expr: 'max(callpost_redis_memory_limit_bytes)', legend: 'limit' },
          ],
        },
      ],
    },
  ],
};
