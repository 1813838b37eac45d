import { setTimeout as sleep } from 'node:timers/promises';
import { inspectRedis, type RedisConnection, type RedisFinding } from '@callpost/queue';
import type { ErrorLog, Logger } from '@callpost/telemetry';

export interface PreflightOptions {
  readonly logger: Logger;
  readonly errorLog: ErrorLog;
  /** Unix ms. */
  readonly now: () => number;
  /** False once the worker was told to stop. */
  readonly isWanted: () => boolean;
}

const LEVEL = { ok: 'debug', unknown: 'warn', warns: 'warn', loses: 'error' } as const;
const TEXT = {
  ok: 'Redis check',
  unknown: 'Redis check: it would not say',
  warns: 'Redis check',
  loses: 'Redis is set up so that acknowledged events can be lost',
} satisfies Record<RedisFinding['level'], string>;

const AGAIN_AFTER_MS = 1_000;

/**
 * Waits for Redis, as long as it takes, and logs what is to be known about it. After that it is looked at again at
 * every new connection, since what answers after a failover may be set up otherwise; then what changed is only logged.
 *
 * @returns what makes this Redis lose acknowledged events; null when the worker was told to stop before Redis was there
 */
export async function checkRedis(
  redis: RedisConnection,
  { logger, errorLog, now, isWanted }: PreflightOptions,
): Promise<readonly RedisFinding[] | null> {
  let told = '';
  const inspect = async () => {
    const findings = await inspectRedis(redis, now);
    const verdicts = findings.map(({ check, level }) => `${check} ${level}`).join();
    if (verdicts === told) return [];
    told = verdicts;
    for (const { check, level, found, wanted } of findings) {
      logger[LEVEL[level]]({ check, found, wanted }, TEXT[level]);
    }
    return findings.filter(({ level }) => level === 'loses');
  };
  const report = (error: unknown) => errorLog.report('checking Redis failed', error);

  for (;;) {
    try {
      const losses = await inspect();
      if (!isWanted()) return null;
      redis.on('ready', () => void inspect().catch(report));
      return losses;
    } catch (error) {
      if (!isWanted()) return null;
      report(error);
      await sleep(AGAIN_AFTER_MS);
    }
  }
}

/** Why the worker does not start, for the person who started it. */
export function refusalText(losses: readonly RedisFinding[]): string {
  const width = Math.max(...losses.map(({ check }) => check.length));
  const findings = losses.flatMap(({ check, found, wanted, advice }) => [
    `  ${check.padEnd(width)}  found ${found}, wanted ${wanted}`,
    `  ${' '.repeat(width)}  ${advice}`,
  ]);
  return `${[
    'callpost-worker does not start: this Redis is set up so that events it has acknowledged can be lost.',
    '',
    ...findings,
    '',
    'Nothing was taken from the queue. docs/redis.md says why; `callpost doctor` makes the same checks.',
    'To start on this Redis all the same: REDIS_SAFETY=warn',
  ].join('\n')}\n`;
}
