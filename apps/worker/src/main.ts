import { faultText } from '@callpost/domain';
import { connectRedis, startAuditLog } from '@callpost/queue';
import {
  type AttemptEntry,
  createChannelLabel,
  createErrorLog,
  createLogger,
  createMetrics,
  observeAttempt,
} from '@callpost/telemetry';
import { auditFields } from './audit-fields.js';
import { createChannel } from './channel.js';
import { readChannelsNow, readConfig, type WorkerConfig } from './config.js';
import { consumeChannel } from './consume-channel.js';
import { createEndpoints } from './endpoints.js';
import { createFleet } from './fleet.js';
import { createInFlight, livenessOf, readinessOf } from './health.js';
import { createMetricsPage } from './metrics-page.js';
import { createOpsServer } from './ops-server.js';
import { tellRedisSafety } from './redis-preflight.js';
import { createReloader } from './reload.js';
import { startRetention } from './retention.js';
import { onShutdownSignal } from './shutdown.js';

/*
 * Who starts whom: main opens Redis and the endpoints and hands them to the fleet; the fleet opens a channel and a
 * consumer for each configured channel; a consumer takes events and gives each to `deliver`. Beside them run the ops
 * server and the reloader. On SIGTERM the fleet stops first, then what it stood on.
 */

const config = readConfig();
if (!config.ok) {
  for (const fault of config.faults) process.stderr.write(`${faultText(fault)}\n`);
  process.exit(2);
}
if (process.argv.includes('--check-config')) {
  for (const { name, url, secret } of config.value.channels.channels) {
    process.stdout.write(`channel ${name}: ${url}${secret === null ? ' (no secret: not consumed)' : ''}\n`);
  }
  process.stdout.write('configuration ok\n');
  process.exit(0);
}
await run(config.value);

async function run(config: WorkerConfig): Promise<void> {
  const now = Date.now;
  const { workerName: worker, build, requestTimeoutMs, shutdownGraceMs } = config;
  const logger = createLogger({ level: config.logLevel, base: { service: 'callpost-worker', worker } });
  const errorLog = createErrorLog(logger, now);
  const metrics = createMetrics(build);
  const channelLabel = createChannelLabel();
  const inFlight = createInFlight(now);

  const onRedisError = (error: Error) => {
    metrics.redisErrors.inc();
    errorLog.report('Redis trouble', error);
  };
  const redis = connectRedis(config.redisUrl, 'worker');
  redis.on('error', onRedisError);
  tellRedisSafety(redis, { logger, errorLog, now });
  const replayRedis = connectRedis(config.redisUrl, 'tool');

  const endpoints = createEndpoints({
    timeoutMs: requestTimeoutMs,
    userAgent: `callpost/${build.version}`,
    onConnection: () => metrics.connections.inc(),
  });
  const observe = (entry: AttemptEntry) => observeAttempt(entry, { logger, metrics, channelLabel });
  const consume = {
    config,
    redis,
    replayRedis,
    inFlight,
    metrics,
    logger,
    errorLog,
    observe,
    onRedisError,
    now,
  };
  const fleet = createFleet({
    openChannel: (settings) =>
      createChannel(settings, (origin) =>
        endpoints.for(settings.name, origin, settings.concurrency ?? config.concurrency),
      ),
    openConsumer: (channel, settings) => consumeChannel(channel, settings, consume),
    onUnconfigured: (channel, is) =>
      metrics.channelUnconfigured.set({ channel: channelLabel(channel) }, is ? 1 : 0),
    logger,
    errorLog,
    defaultConcurrency: config.concurrency,
    shutdownGraceMs,
  });
  const reloader = createReloader(config.channels, { read: readChannelsNow, fleet, logger });

  let isDraining = false;
  const opsServer = createOpsServer({
    live: livenessOf(inFlight, requestTimeoutMs),
    ready: readinessOf(
      () => redis.ping(),
      () => isDraining,
    ),
    metrics: createMetricsPage({ redis, fleet, inFlight, metrics, channelLabel, errorLog, now }),
  });

  fleet.apply(config.channels.channels);
  const retention = startRetention({
    redis,
    channels: () => fleet.channels(),
    retentionDays: config.retentionDays,
    exportFolder: config.retentionExportFolder,
    metrics,
    channelLabel,
    logger,
    errorLog,
    now,
  });
  const auditLog = startAuditLog({
    redis: replayRedis,
    workerName: worker,
    onEntry: (entry) => logger.info(auditFields(entry), 'audit'),
    onError: (error) => onRedisError(error instanceof Error ? error : new Error(String(error))),
  });
  onShutdownSignal(shutDown, shutdownGraceMs, logger);
  process.on('SIGHUP', () => {
    if (!isDraining) reloader.reload();
  });
  const opsUrl = await opsServer.listen({ port: config.metricsPort, host: config.metricsHost });
  logger.info({ metricsUrl: `${opsUrl}/metrics`, version: build.version }, 'worker ready');

  async function shutDown(): Promise<void> {
    isDraining = true;
    reloader.stop();
    retention.stop();
    await auditLog.stop();
    await fleet.stop();
    await endpoints.close();
    redis.disconnect();
    replayRedis.disconnect();
    await opsServer.close();
  }
}
