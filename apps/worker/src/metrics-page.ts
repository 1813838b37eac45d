import { type RedisConnection, readChannel, readRedisMemory } from '@callpost/queue';
import type { ErrorLog, Metrics } from '@callpost/telemetry';
import type { Fleet } from './fleet.js';
import type { InFlight } from './health.js';
import { createQueueGauges } from './queue-gauges.js';

export interface MetricsPageOptions {
  readonly redis: RedisConnection;
  readonly fleet: Fleet;
  readonly inFlight: InFlight;
  readonly metrics: Metrics;
  readonly channelLabel: (channel: string) => string;
  readonly errorLog: ErrorLog;
  readonly now: () => number;
}

/** What a scrape gets: the counters as they are, the gauges brought up to date first. */
export function createMetricsPage(options: MetricsPageOptions) {
  const { redis, fleet, inFlight, metrics } = options;
  const refreshQueueGauges = createQueueGauges({
    ...options,
    channels: () => fleet.channels(),
    readChannel: (channel) => readChannel(redis, channel),
    readMemory: () => readRedisMemory(redis),
  });
  return async () => {
    await refreshQueueGauges();
    metrics.inFlight.set(inFlight.size());
    metrics.concurrencyLimit.set(fleet.concurrency());
    return { contentType: metrics.registry.contentType, text: await metrics.registry.metrics() };
  };
}
