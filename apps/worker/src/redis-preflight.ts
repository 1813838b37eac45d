import { inspectRedis, type RedisConnection, type RedisFinding } from '@callpost/queue';
import type { ErrorLog, Logger } from '@callpost/telemetry';

const LEVEL = { ok: 'debug', unknown: 'warn', warns: 'warn', loses: 'error' } as const;
const TEXT = {
  ok: 'Redis check',
  unknown: 'Redis check: it would not say',
  warns: 'Redis check',
  loses: 'Redis is set up so that acknowledged events can be lost',
} satisfies Record<RedisFinding['level'], string>;

/** Says loudly, once Redis is there, when it is set up to lose what it acknowledged. */
export function tellRedisSafety(
  redis: RedisConnection,
  { logger, errorLog, now }: { logger: Logger; errorLog: ErrorLog; now: () => number },
): void {
  const tell = async () => {
    for (const { check, level, found, wanted } of await inspectRedis(redis, now)) {
      logger[LEVEL[level]]({ check, found, wanted }, TEXT[level]);
    }
  };
  redis.once('ready', () => {
    tell().catch((error: unknown) => errorLog.report('checking Redis failed', error));
  });
}
