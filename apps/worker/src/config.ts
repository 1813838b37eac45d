import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import {
  type ChannelsConfig,
  checkedText,
  type Env,
  oneOf,
  type Read,
  readChannels,
  readEnv,
  readTracing,
  statusList,
  unverifiedTlsFaults,
  wholeNumber,
} from '@callpost/config';
import { DEFAULT_RETRY_POLICY, type Fault, type RetryPolicy, type WithheldCallers } from '@callpost/domain';
import {
  type BrakeTuning,
  DEFAULT_DEDUP_WINDOW_MS,
  DEFAULT_LANE_MAX_HOLD_MS,
  redisUrlFault,
} from '@callpost/queue';
import { type BuildInfo, LOG_LEVELS } from '@callpost/telemetry';
import { z } from 'zod';

const DAY_MS = 86_400_000;
const duration = (min: number, max: number) => wholeNumber({ min, max, unit: 'of milliseconds' });

/** The worker's environment, DESIGN §5, but for the channels. A variable's default stands here and nowhere else. */
const ENVIRONMENT = {
  REDIS_URL: checkedText(redisUrlFault).default('redis://127.0.0.1:6379'),
  REDIS_SAFETY: oneOf(['refuse', 'warn']).default('refuse'),
  WORKER_CONCURRENCY: wholeNumber({ min: 1, max: 10_000 }).default(100),
  REQUEST_TIMEOUT_MS: duration(100, 600_000).default(15_000),
  LOCK_DURATION_MS: duration(1_000, 3_600_000).default(60_000),
  RETRY_BASE_MS: duration(1, DAY_MS).default(DEFAULT_RETRY_POLICY.baseMs),
  RETRY_CAP_MS: duration(1, DAY_MS).default(DEFAULT_RETRY_POLICY.capMs),
  RETRY_AFTER_CAP_MS: duration(1, DAY_MS).default(DEFAULT_RETRY_POLICY.retryAfterCapMs),
  RETRY_MAX_AGE_MS: duration(1_000, 365 * DAY_MS).default(DEFAULT_RETRY_POLICY.maxAgeMs),
  RETRY_MAX_ATTEMPTS: wholeNumber({ min: 1, max: 1_000_000 }).default(DEFAULT_RETRY_POLICY.maxAttempts),
  RETRYABLE_STATUS: statusList.default(new Set(DEFAULT_RETRY_POLICY.retryableStatus)),
  BRAKE_COOLDOWN_MS: duration(10, DAY_MS).default(5_000),
  BRAKE_MAX_COOLDOWN_MS: duration(10, DAY_MS).default(60_000),
  CHANNEL_HOLD_THRESHOLD: wholeNumber({ min: 1, max: 1_000_000 }).default(5),
  DEDUP_WINDOW_MS: duration(1_000, 30 * DAY_MS).default(DEFAULT_DEDUP_WINDOW_MS),
  LANE_MAX_HOLD_MS: duration(1_000, DAY_MS).default(DEFAULT_LANE_MAX_HOLD_MS),
  DLQ_RETENTION_DAYS: wholeNumber({ min: 1, max: 3_650, unit: 'of days' }).optional(),
  DLQ_RETENTION_EXPORT_DIR: z.string('the path of a folder').optional(),
  WITHHELD_CALLERS: oneOf(['refuse', 'pass']).default('refuse'),
  METRICS_PORT: wholeNumber({ min: 0, max: 65_535 }).default(9_464),
  METRICS_HOST: z.string('an address to listen on, such as 127.0.0.1 or 0.0.0.0').default('127.0.0.1'),
  LOG_LEVEL: oneOf(LOG_LEVELS).default('info'),
  SHUTDOWN_GRACE_MS: duration(0, 3_600_000).default(20_000),
  REAMAZE_ALLOW_HTTP: oneOf(['true', 'false']).default('false'),
  CALLPOST_VERSION: z.string().default('0.1.0'),
  CALLPOST_REVISION: z.string().default('unknown'),
};

export interface WorkerConfig {
  readonly redisUrl: string;
  /** What is done about a Redis that can lose acknowledged events. */
  readonly redisSafety: 'refuse' | 'warn';
  readonly concurrency: number;
  readonly requestTimeoutMs: number;
  readonly lockDurationMs: number;
  readonly retryPolicy: RetryPolicy;
  readonly brake: Omit<BrakeTuning, 'probeMs'>;
  readonly dedupWindowMs: number;
  readonly laneMaxHoldMs: number;
  /** Null: dead letters are kept until a person decides. */
  readonly retentionDays: number | null;
  readonly retentionExportFolder: string | null;
  readonly withheldCallers: WithheldCallers;
  readonly metricsPort: number;
  readonly metricsHost: string;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  readonly shutdownGraceMs: number;
  readonly build: BuildInfo;
  /** Which process this is, in logs and in the history of events: host name and pid. */
  readonly workerName: string;
  /** Whether the OTEL_ variables ask for traces. */
  readonly isTraced: boolean;
  readonly channels: ChannelsConfig;
}

/** The whole configuration, or every fault in it at once. */
export function readConfig(env: Env = process.env): Read<WorkerConfig> {
  const read = readEnv(ENVIRONMENT, env);
  const channels = readChannelsNow(env);
  const tracing = readTracing(env);
  const faults = [
    ...unverifiedTlsFaults(env),
    ...(read.ok ? [...lockFaults(read.value), ...cooldownFaults(read.value)] : read.faults),
    ...(channels.ok ? [] : channels.faults),
    ...(tracing.ok ? [] : tracing.faults),
  ];
  if (!read.ok || !channels.ok || !tracing.ok || faults.length > 0) return { ok: false, faults };
  const { value } = read;
  return {
    ok: true,
    value: {
      redisUrl: value.REDIS_URL,
      redisSafety: value.REDIS_SAFETY,
      concurrency: value.WORKER_CONCURRENCY,
      requestTimeoutMs: value.REQUEST_TIMEOUT_MS,
      lockDurationMs: value.LOCK_DURATION_MS,
      retryPolicy: {
        baseMs: value.RETRY_BASE_MS,
        capMs: value.RETRY_CAP_MS,
        retryAfterCapMs: value.RETRY_AFTER_CAP_MS,
        maxAgeMs: value.RETRY_MAX_AGE_MS,
        maxAttempts: value.RETRY_MAX_ATTEMPTS,
        retryableStatus: value.RETRYABLE_STATUS,
      },
      brake: {
        cooldownMs: value.BRAKE_COOLDOWN_MS,
        maxCooldownMs: value.BRAKE_MAX_COOLDOWN_MS,
        holdThreshold: value.CHANNEL_HOLD_THRESHOLD,
      },
      dedupWindowMs: value.DEDUP_WINDOW_MS,
      laneMaxHoldMs: value.LANE_MAX_HOLD_MS,
      retentionDays: value.DLQ_RETENTION_DAYS ?? null,
      retentionExportFolder: value.DLQ_RETENTION_EXPORT_DIR ?? null,
      withheldCallers: value.WITHHELD_CALLERS,
      metricsPort: value.METRICS_PORT,
      metricsHost: value.METRICS_HOST,
      logLevel: value.LOG_LEVEL,
      shutdownGraceMs: value.SHUTDOWN_GRACE_MS,
      build: { version: value.CALLPOST_VERSION, revision: value.CALLPOST_REVISION },
      workerName: `${hostname()}:${process.pid}`,
      isTraced: tracing.value,
      channels: channels.value,
    },
  };
}

/**
 * An attempt must be over before its lock runs out, even when Redis cannot renew it: then no other worker posts the
 * event at the same time. Longer than needed only makes the events of a dead worker wait longer.
 */
function lockFaults({
  LOCK_DURATION_MS: lockMs,
  REQUEST_TIMEOUT_MS: timeoutMs,
}: Record<string, unknown>): Fault[] {
  if (Number(lockMs) >= 2 * Number(timeoutMs)) return [];
  return [
    {
      field: 'LOCK_DURATION_MS',
      found: `${lockMs}`,
      allowed: `at least twice REQUEST_TIMEOUT_MS (${timeoutMs})`,
    },
  ];
}

function cooldownFaults({
  BRAKE_COOLDOWN_MS: cooldownMs,
  BRAKE_MAX_COOLDOWN_MS: maxMs,
}: Record<string, unknown>): Fault[] {
  if (Number(maxMs) >= Number(cooldownMs)) return [];
  return [
    {
      field: 'BRAKE_MAX_COOLDOWN_MS',
      found: `${maxMs}`,
      allowed: `at least BRAKE_COOLDOWN_MS (${cooldownMs})`,
    },
  ];
}

/** The channels as the environment and files have them now; read again whenever one changes. */
export function readChannelsNow(env: Env = process.env): Read<ChannelsConfig> {
  return readChannels(env, readFile);
}

function readFile(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
