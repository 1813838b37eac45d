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

/** What `loses events` means for a worker, after what to do about it. */
const REFUSED = 'Until then a worker refuses to start on it, unless told REDIS_SAFETY=warn.';

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
    advice: error.message.includes('certificate')
      ? "Redis answers, but its certificate does not do for this host. NODE_EXTRA_CA_CERTS names a private authority's file."
      : 'Check that Redis runs, that --redis or REDIS_URL says where, and the network between.',
  };
}

function checkOfFinding({ check, level, found, wanted, advice }: RedisFinding): Check {
  return {
    check: `redis ${check}`,
    verdict: VERDICT_OF_LEVEL[level],
    found,
    wanted,
    advice: level === 'loses' ? `${advice} ${REFUSED}` : advice,
  };
}
