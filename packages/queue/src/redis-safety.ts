import { messageOf, type RedisConnection } from './redis.js';

/** One thing about a Redis that decides whether it can lose events. */
export interface RedisFinding {
  readonly check: 'version' | 'maxmemory-policy' | 'appendonly' | 'appendfsync' | 'memory' | 'clock';
  /** `loses`: set up so that acknowledged events can be lost. `unknown`: Redis would not say. */
  readonly level: 'ok' | 'warns' | 'loses' | 'unknown';
  readonly found: string;
  readonly wanted: string;
}

/** BullMQ needs 5.0 and recommends 6.2. */
const LEAST_VERSION = [6, 2] as const;
const MEMORY_WARNING_SHARE = 0.8;
const CLOCK_WARNING_MS = 1_000;

/** What the worker's start-up and `callpost doctor` say about a Redis. */
export async function inspectRedis(redis: RedisConnection, now: () => number): Promise<RedisFinding[]> {
  const [server, memory, policy, appendonly, appendfsync] = await Promise.all([
    redis.info('server'),
    redis.info('memory'),
    setting(redis, 'maxmemory-policy'),
    setting(redis, 'appendonly'),
    setting(redis, 'appendfsync'),
  ]);
  return [
    versionFinding(server),
    settingFinding('maxmemory-policy', policy, 'noeviction', (value) => value === 'noeviction'),
    settingFinding('appendonly', appendonly, 'yes', (value) => value === 'yes'),
    settingFinding(
      'appendfsync',
      appendfsync,
      'everysec (may lose the last second) or always',
      (value) => value !== 'no',
    ),
    memoryFinding(memory),
    await clockFinding(redis, now),
  ];
}

/** Null when Redis forbids CONFIG, as managed ones do. */
async function setting(redis: RedisConnection, name: string): Promise<string | null> {
  try {
    const reply = await redis.config('GET', name);
    return Array.isArray(reply) ? String(reply[1]) : null;
  } catch (error) {
    if (/unknown command|NOPERM|permission/i.test(messageOf(error))) return null;
    throw error;
  }
}

function settingFinding(
  check: RedisFinding['check'],
  value: string | null,
  wanted: string,
  isSafe: (value: string) => boolean,
): RedisFinding {
  if (value === null) return { check, level: 'unknown', found: 'CONFIG is not allowed', wanted };
  return { check, level: isSafe(value) ? 'ok' : 'loses', found: value, wanted };
}

function versionFinding(info: string): RedisFinding {
  const found = field(info, 'redis_version') ?? 'unknown';
  const [major = 0, minor = 0] = found.split('.').map(Number);
  const isRecent = major > LEAST_VERSION[0] || (major === LEAST_VERSION[0] && minor >= LEAST_VERSION[1]);
  return {
    check: 'version',
    level: isRecent ? 'ok' : 'warns',
    found,
    wanted: `${LEAST_VERSION.join('.')} or newer`,
  };
}

function memoryFinding(info: string): RedisFinding {
  const used = Number(field(info, 'used_memory') ?? 0);
  const limit = Number(field(info, 'maxmemory') ?? 0);
  const wanted = `under ${MEMORY_WARNING_SHARE * 100} % of maxmemory`;
  if (limit === 0)
    return { check: 'memory', level: 'ok', found: `${megabytes(used)} used, no maxmemory`, wanted };
  const level = used / limit < MEMORY_WARNING_SHARE ? 'ok' : 'warns';
  return { check: 'memory', level, found: `${megabytes(used)} of ${megabytes(limit)}`, wanted };
}

/** Retry times and ages compare this machine's clock with that of other machines; Redis's stands for them. */
async function clockFinding(redis: RedisConnection, now: () => number): Promise<RedisFinding> {
  const startedAtMs = now();
  const [seconds, microseconds] = await redis.time();
  const middleMs = (startedAtMs + now()) / 2;
  const offsetMs = Math.round(Number(seconds) * 1_000 + Number(microseconds) / 1_000 - middleMs);
  return {
    check: 'clock',
    level: Math.abs(offsetMs) < CLOCK_WARNING_MS ? 'ok' : 'warns',
    found: `Redis is ${Math.abs(offsetMs)} ms ${offsetMs < 0 ? 'behind' : 'ahead'}`,
    wanted: `within ${CLOCK_WARNING_MS} ms of this machine`,
  };
}

function field(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MB`;
}
