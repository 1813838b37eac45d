import type { Redis } from 'ioredis';
import { mastersOf, messageOf, type RedisConnection } from './redis.js';

/** One thing about a Redis that decides whether it can lose events. */
export interface RedisFinding {
  readonly check: keyof typeof ADVICE;
  /** `loses`: set up so that acknowledged events can be lost. `unknown`: Redis would not say. */
  readonly level: 'ok' | 'warns' | 'loses' | 'unknown';
  readonly found: string;
  readonly wanted: string;
  /** What to do, in a sentence or two; null when nothing is to be done. */
  readonly advice: string | null;
}

const ADVICE = {
  version: 'Upgrade Redis.',
  'maxmemory-policy':
    'Under memory pressure Redis throws events away. Set "maxmemory-policy noeviction" in redis.conf, and at once with CONFIG SET.',
  appendonly:
    'A restart of Redis loses what came since its last snapshot. Set "appendonly yes" in redis.conf, and at once with CONFIG SET.',
  appendfsync:
    'A crash of the machine loses what was not on disk. Set "appendfsync everysec" in redis.conf, and at once with CONFIG SET.',
  memory:
    'When it is full, Redis refuses new events. Raise maxmemory, or find out why events are not delivered: callpost status.',
  clock: 'Retry times and ages are wrong by this much. Check NTP on this machine and on that of Redis.',
} as const;

const ADVICE_UNKNOWN = 'This Redis does not say. Look it up in the settings of its provider.';

/** BullMQ needs 5.0 and recommends 6.2. */
const LEAST_VERSION = [6, 2] as const;
const MEMORY_WARNING_SHARE = 0.8;
const CLOCK_WARNING_MS = 1_000;

/**
 * What the worker's start-up and `callpost doctor` say about a Redis; of a cluster, about its worst master. A managed
 * Redis that hides CONFIG is `unknown` where INFO does not help: it has no append-only file of its own to turn on, and
 * may be durable by other means.
 */
export async function inspectRedis(redis: RedisConnection, now: () => number): Promise<RedisFinding[]> {
  const servers = mastersOf(redis);
  const findings = await Promise.all(
    servers.map(async (server) => {
      const found = await inspectServer(server, now);
      return servers.length === 1
        ? found
        : found.map((finding) => ({ ...finding, found: named(finding, server) }));
    }),
  );
  const [first = [], ...others] = findings;
  return first.map((finding, index) =>
    others.flatMap((other) => other[index] ?? []).reduce((worst, other) => worseOf(worst, other), finding),
  );
}

function named({ found }: RedisFinding, { options }: Redis): string {
  return `${found} (${options.host}:${options.port})`;
}

const LEVELS: readonly RedisFinding['level'][] = ['ok', 'warns', 'unknown', 'loses'];

function worseOf(one: RedisFinding, other: RedisFinding): RedisFinding {
  return LEVELS.indexOf(other.level) > LEVELS.indexOf(one.level) ? other : one;
}

async function inspectServer(redis: Redis, now: () => number): Promise<RedisFinding[]> {
  const [server, memory, policy, appendonly, appendfsync] = await Promise.all([
    unlessForbidden(redis.info('server')),
    unlessForbidden(redis.info('memory')),
    setting(redis, 'maxmemory-policy'),
    setting(redis, 'appendonly'),
    setting(redis, 'appendfsync'),
  ]);
  return [
    versionFinding(server),
    finding({
      check: 'maxmemory-policy',
      found: policy ?? field(memory, 'maxmemory_policy'),
      wanted: 'noeviction',
      level: (value) => (value === 'noeviction' ? 'ok' : 'loses'),
    }),
    finding({
      check: 'appendonly',
      found: appendonly,
      wanted: 'yes',
      level: (value) => (value === 'yes' ? 'ok' : 'loses'),
    }),
    finding({
      check: 'appendfsync',
      found: appendfsync,
      wanted: 'everysec (may lose the last second) or always',
      level: (value) => (value === 'no' ? 'loses' : 'ok'),
    }),
    memoryFinding(memory),
    await clockFinding(redis, now),
  ];
}

/** Null when this Redis forbids the command, as managed ones and users with few rights do. */
async function unlessForbidden<T>(reply: Promise<T>): Promise<T | null> {
  try {
    return await reply;
  } catch (error) {
    if (/unknown command|NOPERM|permission/i.test(messageOf(error))) return null;
    throw error;
  }
}

async function setting(redis: Redis, name: string): Promise<string | null> {
  const reply = await unlessForbidden(redis.config('GET', name));
  return Array.isArray(reply) && typeof reply[1] === 'string' ? reply[1] : null;
}

function finding({
  check,
  found,
  wanted,
  level,
}: {
  readonly check: RedisFinding['check'];
  /** Null: Redis would not say. */
  readonly found: string | null;
  readonly wanted: string;
  readonly level: (found: string) => RedisFinding['level'];
}): RedisFinding {
  if (found === null) {
    return { check, level: 'unknown', found: 'not to be had here', wanted, advice: ADVICE_UNKNOWN };
  }
  const judged = level(found);
  return { check, level: judged, found, wanted, advice: judged === 'ok' ? null : ADVICE[check] };
}

function versionFinding(info: string | null): RedisFinding {
  return finding({
    check: 'version',
    found: field(info, 'redis_version'),
    wanted: `${LEAST_VERSION.join('.')} or newer`,
    level: (version) => {
      const [major = 0, minor = 0] = version.split('.').map(Number);
      const isRecent = major > LEAST_VERSION[0] || (major === LEAST_VERSION[0] && minor >= LEAST_VERSION[1]);
      return isRecent ? 'ok' : 'warns';
    },
  });
}

function memoryFinding(info: string | null): RedisFinding {
  const used = Number(field(info, 'used_memory') ?? 0);
  const limit = Number(field(info, 'maxmemory') ?? 0);
  const share =
    limit === 0 ? `${megabytes(used)} used, no maxmemory` : `${megabytes(used)} of ${megabytes(limit)}`;
  return finding({
    check: 'memory',
    found: info === null ? null : share,
    wanted: `under ${MEMORY_WARNING_SHARE * 100} % of maxmemory`,
    level: () => (limit === 0 || used / limit < MEMORY_WARNING_SHARE ? 'ok' : 'warns'),
  });
}

/** Retry times and ages compare this machine's clock with that of other machines; Redis's stands for them. */
async function clockFinding(redis: Redis, now: () => number): Promise<RedisFinding> {
  const startedAtMs = now();
  const reply = await unlessForbidden(redis.time());
  const middleMs = (startedAtMs + now()) / 2;
  const [seconds, microseconds] = reply ?? [];
  const offsetMs = Math.round(Number(seconds) * 1_000 + Number(microseconds) / 1_000 - middleMs);
  const offset = `Redis is ${Math.abs(offsetMs)} ms ${offsetMs < 0 ? 'behind' : 'ahead'}`;
  return finding({
    check: 'clock',
    found: reply === null ? null : offset,
    wanted: `within ${CLOCK_WARNING_MS} ms of this machine`,
    level: () => (Math.abs(offsetMs) < CLOCK_WARNING_MS ? 'ok' : 'warns'),
  });
}

function field(info: string | null, name: string): string | null {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info ?? '')?.[1] ?? null;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MB`;
}
