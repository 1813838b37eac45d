import {
  connectRedis,
  messageOf,
  openRedis,
  type RedisConnection,
  type RedisRole,
  RedisUnavailableError,
} from '@callpost/queue';
import type { Context } from './context.js';
import { unlessStopped } from './unless-stopped.js';
import { within } from './within.js';

/** A Redis that takes the connection but is frozen would otherwise keep a person waiting for ever. */
const OPEN_TIMEOUT_MS = 5_000;

/**
 * An open connection for as long as `use` takes.
 *
 * @throws RedisUnavailableError when it cannot be opened, or when `use` failed because the connection broke
 */
export async function withRedis<T>(
  context: Context,
  role: RedisRole,
  use: (redis: RedisConnection) => Promise<T>,
): Promise<T> {
  const redis = connectRedis(context.redisUrl, role);
  try {
    await unlessStopped(within(openRedis(redis), OPEN_TIMEOUT_MS, tooLate), context);
    return await whileConnected(redis, use);
  } finally {
    redis.disconnect();
  }
}

const tooLate = () => new RedisUnavailableError(`no answer within ${OPEN_TIMEOUT_MS / 1_000} s`);

/** ioredis has many words for a connection that broke; its state says it best. */
async function whileConnected<T>(
  redis: RedisConnection,
  use: (redis: RedisConnection) => Promise<T>,
): Promise<T> {
  try {
    return await use(redis);
  } catch (error) {
    if (redis.status === 'ready' || error instanceof RedisUnavailableError) throw error;
    throw new RedisUnavailableError(messageOf(error), error);
  }
}
