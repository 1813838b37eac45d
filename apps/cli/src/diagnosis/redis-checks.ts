import { inspectRedis, type RedisFinding, RedisUnavailableError } from '@callpost/queue';
import type { Context } from '../context.js';
import { withRedis } from '../with-redis.js';
import type { Check, CheckVerdict } from './check.js';

const VERDICT_OF_LEVEL: Readonly<Record<RedisFinding['level'], CheckVerdict>> = {
  ok: 'ok',
  warns: 'warning',
  unknown: 'unknown',
  loses: 'loses events',
};

const ADVICE: Readonly<Record<RedisFinding['check'], string>> = {
  version: 'Upgrade Redis.',
  'maxmemory-policy':
    'Under memory pressure Redis throws events away. Set "maxmemory-policy noeviction" in redis.conf, and at once with CONFIG SET.',
  appendonly:
    'A restart of Redis loses what came since its last snapshot. Set "appendonly yes" in redis.conf, and at once with CONFIG SET.',
  appendfsync: 'A crash of the machine loses what was not on disk. Set "appendfsync everysec" in redis.conf.',
  memory:
    'When it is full, Redis refuses new events. Raise maxmemory, or find out why events are not delivered: callpost status.',
  clock: 'Retry times and ages are wrong by this much. Check NTP on this machine and on that of Redis.',
};

const ADVICE_UNKNOWN = 'This Redis does not allow CONFIG. Look it up in the settings of its provider.';

/** One check when Redis cannot be reached, all when it can. */
export async function checkRedis(context: Context): Promise<Check[]> {
  try {
    const findings = await withRedis(context, 'tool', (redis) => inspectRedis(redis, context.now));
    return [REACHABLE, ...findings.map(checkOfFinding)];
  } catch (error) {
    if (!(error instanceof RedisUnavailableError)) throw error;
    return [unreachable(error)];
  }
}

const REACHABLE: Check = {
  check: 'redis',
  verdict: 'ok',
  found: 'reachable',
  wanted: 'reachable',
  advice: null,
};

function unreachable(error: RedisUnavailableError): Check {
  return {
    check: 'redis',
    verdict: 'no Redis',
    found: error.message,
    wanted: 'reachable',
    advice: 'Check that Redis runs, that --redis or REDIS_URL says where, and the network between.',
  };
}

function checkOfFinding({ check, level, found, wanted }: RedisFinding): Check {
  const advice = level === 'unknown' ? ADVICE_UNKNOWN : ADVICE[check];
  return {
    check: `redis ${check}`,
    verdict: VERDICT_OF_LEVEL[level],
    found,
    wanted,
    advice: level === 'ok' ? null : advice,
  };
}
