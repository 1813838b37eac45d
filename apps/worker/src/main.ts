import { faultText } from '@callpost/domain';
import { connectRedis, startAuditLog, type TakenEvent } from '@callpost/queue';
import {
  type AttemptEntry,
  createChannelLabel,
  createChannelMetrics,
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
import { letGo } from './let-go.js';
import { onLogLevelSignal } from './log-level.js';
import { createMetricsPage } from './metrics-page.js';
import { createOpsServer } from './ops-server.js';
import { checkRedis, refusalText } from './redis-preflight.js';
import { createReloader } from './reload.js';
import { startRetention } from './retention.js';
import { onShutdownSignal } from './shutdown.js';
import { loadTracing } from './tracing.js';

/*
 * Who starts whom: main opens Redis and the endpoints and hands them to the fleet; the fleet opens a channel and a
 * consumer for each configured channel; a consumer takes events and gives each to `deliver`. Beside them run the ops
 * server and the reloader. The fleet begins only once Redis is there and was found safe. On SIGTERM the fleet stops
 * first, then what it stood on.
 */

/** Beside 0 and 1 of shutdown.ts. */
const EXIT = { configuration: 2, unsafeRedis: 3 } as const;

type Phase = 'starting' | 'running' | 'draining';
const NOT_READY = {
  starting: 'Redis is not checked yet',
  running: null,
  draining: 'draining',
} satisfies Record<Phase, string | null>;

const config = readConfig();
if (!config.ok) {
  for (const fault of config.faults) process.stderr.write(`${faultText(fault)}\n`);
  process.exit(EXIT.configuration);
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
  const openChannelMetrics = createChannelMetrics(metrics);
  const inFlight = createInFlight(now);
  const posts = createInFlight(now);

  const onRedisError = (error: Error) => {
    metrics.redisErrors.inc();
    errorLog.report('Redis trouble', error);
  };
  const redis = connectRedis(config.redisUrl, 'worker');
  redis.on('error', onRedisError);
  const replayRedis = connectRedis(config.redisUrl, 'tool');

  const endpoints = createEndpoints({
    timeoutMs: requestTimeoutMs,
    userAgent: `callpost/${build.version}`,
    onConnection: () => metrics.connections.inc(),
  });
  const tracing = config.isTraced ? await loadTracing(config, errorLog) : null;
  const observe = (entry: AttemptEntry, taken: TakenEvent) => {
    const traceId = tracing?.attempt(entry, taken, now()) ?? null;
    observeAttempt(traceId === null ? entry : { ...entry, traceId }, { logger, metrics, channelLabel });
  };
  const consume = {
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
  };
  const fleet = createFleet({
    openChannel: (settings) =>
      createChannel(settings, (origin) =>
        endpoints.for(settings.name, origin, settings.concurrency ?? config.concurrency),
      ),
    openConsumer(channel, settings) {
      openChannelMetrics(channelLabel(channel.name));
      return consumeChannel(channel, settings, consume);
    },
    onUnconfigured: (channel, is) =>
      metrics.channelUnconfigured.set({ channel: channelLabel(channel) }, is ? 1 : 0),
    onGone(gone) {
      const channel = channelLabel(gone);
      // Those beyond the number that have a label of their own share one.
      if (fleet.channels().some((one) => channelLabel(one) === channel)) return;
      for (const gauge of [metrics.channelUnconfigured, metrics.channelConcurrencyLimit])
        gauge.remove({ channel });
    },
    logger,
    errorLog,
    defaultConcurrency: config.concurrency,
    shutdownGraceMs,
  });

  let phase = 'starting' as Phase;
  /** Stopped before the fleet is. */
  const background: { stop(): unknown }[] = [];
  const opsServer = createOpsServer({
    live: livenessOf(posts, requestTimeoutMs),
    ready: readinessOf(
      () => redis.ping(),
      () => NOT_READY[phase],
    ),
    metrics: createMetricsPage({ redis, fleet, inFlight, metrics, channelLabel, errorLog, now }),
  });

  onShutdownSignal(shutDown, { graceMs: shutdownGraceMs, lockDurationMs: config.lockDurationMs, logger });
  onLogLevelSignal(logger);
  /** Before the fleet runs there is nothing to read again: it begins with what is there then. */
  let reload: () => void = () => undefined;
  process.on('SIGHUP', () => reload());
  const opsUrl = await opsServer.listen({ port: config.metricsPort, host: config.metricsHost });
  const self = { metricsUrl: `${opsUrl}/metrics`, version: build.version };
  logger.info(self, 'worker started');

  const losses = await checkRedis(redis, { logger, errorLog, now, isWanted: () => phase === 'starting' });
  if (losses === null) return;
  if (losses.length > 0 && config.redisSafety === 'refuse') {
    logger.fatal({ checks: losses.map(({ check }) => check) }, 'worker refuses to start on this Redis');
    process.stderr.write(refusalText(losses));
    process.exit(EXIT.unsafeRedis);
  }
  phase = 'running';

  // Redis may have been away for hours, and a secret rotated meanwhile.
  const channelsNow = readChannelsNow();
  const channels = channelsNow.ok ? channelsNow.value : config.channels;
  fleet.apply(channels.channels);
  const reloader = createReloader(channels, { read: readChannelsNow, fleet, logger });
  reload = reloader.reload;
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
  background.push(reloader, retention, auditLog);
  logger.info(self, 'worker ready');

  /** @returns how many events Redis would neither settle nor take back */
  async function shutDown(): Promise<number> {
    phase = 'draining';
    const backgroundEnds = background.map((one) => letGo(() => one.stop()));
    const left = await fleet.stop();
    await Promise.all(backgroundEnds);
    await endpoints.close();
    await tracing?.stop();
    redis.disconnect();
    replayRedis.disconnect();
    await opsServer.close();
    return left;
  }
}
