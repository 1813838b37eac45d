import { Cluster, type Redis } from 'ioredis';
import { readRedisUrl } from './redis-address.js';
import { CONNECT_TIMEOUT_MS, connectionTo, type RedisConnection, type RedisRole } from './redis-clients.js';

export { mastersOf, type RedisConnection, type RedisRole } from './redis-clients.js';

/**
 * A connection: for a worker it opens by itself, now and whenever it was lost; for the others {@link openRedis} opens
 * it. (BullMQ would give up for good on a worker's connection that it had to open itself and could not.)
 *
 * @param url a `REDIS_URL`, see `redis-address.ts`
 * @throws RangeError, without the URL in it, when it is none
 */
export function connectRedis(url: string, role: RedisRole): RedisConnection {
  const read = readRedisUrl(url);
  if (!read.ok) throw new RangeError(`Redis URL: found another text; allowed: ${read.allowed}`);
  const redis = connectionTo(read.address, role);
  // Without a listener ioredis prints each connection error itself. Those who care listen too.
  redis.on('error', () => undefined);
  return redis;
}

/**
 * Opens the connection, or says at once why it cannot be used. Rejects with {@link RedisUnavailableError} when the
 * connection is down, also while it is trying to reconnect in the background.
 */
export async function openRedis(redis: RedisConnection): Promise<void> {
  if (redis.status === 'ready') return;
  if (redis.status === 'connecting' || redis.status === 'connect') {
    return unlessNoSentinel(redis, nextReady(redis));
  }
  if (redis.status !== 'wait') throw new RedisUnavailableError(`the connection is down (${redis.status})`);
  let lastError: Error | undefined;
  const remember = (error: Error) => {
    lastError = error;
  };
  redis.on('error', remember);
  try {
    await unlessNoSentinel(redis, redis.connect());
    if (redis instanceof Cluster) await Promise.all(redis.nodes('master').map(openNode));
  } catch (error) {
    throw new RedisUnavailableError(messageOf(lastError ?? error), error);
  } finally {
    redis.off('error', remember);
  }
}

/** Sentinels are asked round after round, for ever; after one round in which none answered a caller is told. */
async function unlessNoSentinel(redis: RedisConnection, opened: Promise<void>): Promise<void> {
  if (redis instanceof Cluster || redis.options.sentinels == null) return opened;
  let giveUp: (error: Error) => void = () => undefined;
  const hopeless = new Promise<never>((_, reject) => {
    giveUp = (error) => reject(new RedisUnavailableError(messageOf(error), error));
    redis.on('error', giveUp);
  });
  try {
    await Promise.race([opened, hopeless]);
  } finally {
    redis.off('error', giveUp);
  }
}

/**
 * A node of a cluster is otherwise opened by the first command for it, and refuses those that come meanwhile, since they
 * are not to wait in a queue.
 */
async function openNode(node: Redis): Promise<void> {
  if (node.status === 'ready') return;
  await (node.status === 'wait' ? node.connect() : nextReady(node));
}

/** Redis could not be reached or did not answer. The message never carries the URL, which may hold a password. */
export class RedisUnavailableError extends Error {
  readonly code = 'REDIS_UNAVAILABLE';
  override readonly name = 'RedisUnavailableError';

  constructor(why: string, cause?: unknown) {
    super(`Redis is not available: ${why}`, { cause });
  }
}

/**
 * An error in words. Of an error that only sums up others, such as EXECABORT, the first of these says more. One may sum up
 * itself: a connection that breaks in the midst of a MULTI fails all of its commands with one and the same error.
 */
export function messageOf(error: unknown): string {
  const met = new Set([error]);
  let told = error;
  for (let [first] = causesOf(told); first !== undefined && !met.has(first); [first] = causesOf(told)) {
    met.add(first);
    told = first;
  }
  return told instanceof Error ? (told.message || told.name).replace(/\.$/, '') : String(told);
}

function causesOf(error: unknown): unknown[] {
  if (!(error instanceof Error)) return [];
  if ('lastNodeError' in error && error.lastNodeError instanceof Error) return [error.lastNodeError];
  if (error instanceof AggregateError) return error.errors;
  return 'previousErrors' in error && Array.isArray(error.previousErrors) ? error.previousErrors : [];
}

function nextReady(redis: RedisConnection): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => settle(new RedisUnavailableError('no connection in time')),
      CONNECT_TIMEOUT_MS,
    );
    const onReady = () => settle(null);
    const onEnd = () => settle(new RedisUnavailableError('the connection was closed'));
    const settle = (error: Error | null) => {
      clearTimeout(timer);
      redis.off('ready', onReady);
      redis.off('end', onEnd);
      if (error === null) resolve();
      else reject(error);
    };
    redis.once('ready', onReady);
    redis.once('end', onEnd);
  });
}
