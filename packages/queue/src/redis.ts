import { Redis, type RedisOptions } from 'ioredis';

/** A connection made by {@link connectRedis}, so that apps need not name ioredis. */
export type RedisConnection = Redis;

/**
 * How a connection behaves while Redis is away. A `producer` or `tool` fails at once: its caller can tell a person or
 * try again. A `worker` waits and goes on where it was, for as long as it takes.
 */
export type RedisRole = 'producer' | 'tool' | 'worker';

type Options = Omit<RedisOptions, 'replyMapping'>;

const OPTIONS: Readonly<Record<RedisRole, Options>> = {
  producer: { enableOfflineQueue: false, maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false },
  tool: { enableOfflineQueue: false, maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false },
  worker: { maxRetriesPerRequest: null },
};

const CONNECT_TIMEOUT_MS = 5_000;
const RECONNECT_AFTER_AT_MOST_MS = 1_000;

/**
 * A connection: for a worker it opens by itself, now and whenever it was lost; for the others {@link openRedis} opens
 * it. (BullMQ would give up for good on a worker's connection that it had to open itself and could not.)
 *
 * @param url `redis://…`, `rediss://…` (TLS), or `unix:///path/to/socket`
 */
export function connectRedis(url: string, role: RedisRole): Redis {
  const options: Options = {
    ...OPTIONS[role],
    lazyConnect: role !== 'worker',
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 5), RECONNECT_AFTER_AT_MOST_MS),
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  };
  const redis = url.startsWith('unix://')
    ? new Redis({ path: url.slice('unix://'.length), ...options })
    : new Redis(url, options);
  // Without a listener ioredis prints each connection error itself. Those who care listen too.
  redis.on('error', () => undefined);
  return redis;
}

/**
 * Opens the connection, or says at once why it cannot be used. Rejects with {@link RedisUnavailableError} when the
 * connection is down, also while it is trying to reconnect in the background.
 */
export async function openRedis(redis: Redis): Promise<void> {
  if (redis.status === 'ready') return;
  if (redis.status === 'connecting' || redis.status === 'connect') return nextReady(redis);
  if (redis.status !== 'wait') throw new RedisUnavailableError(`the connection is down (${redis.status})`);
  let lastError: Error | undefined;
  const remember = (error: Error) => {
    lastError = error;
  };
  redis.on('error', remember);
  try {
    await redis.connect();
  } catch (error) {
    throw new RedisUnavailableError(messageOf(lastError ?? error), error);
  } finally {
    redis.off('error', remember);
  }
}

/** Redis could not be reached or did not answer. The message never carries the URL, which may hold a password. */
export class RedisUnavailableError extends Error {
  readonly code = 'REDIS_UNAVAILABLE';
  override readonly name = 'RedisUnavailableError';

  constructor(why: string, cause?: unknown) {
    super(`Redis is not available: ${why}`, { cause });
  }
}

/** An error in words. Of an error that only sums up others, such as EXECABORT, the first of these says more. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [first] = causesOf(error);
  return first === undefined ? (error.message || error.name).replace(/\.$/, '') : messageOf(first);
}

function causesOf(error: Error): unknown[] {
  if (error instanceof AggregateError) return error.errors;
  return 'previousErrors' in error && Array.isArray(error.previousErrors) ? error.previousErrors : [];
}

/** A new socket for an open connection. Rejects with {@link RedisUnavailableError} when none can be had in time. */
export async function reopenRedis(redis: Redis): Promise<void> {
  redis.disconnect(true);
  await nextReady(redis);
}

function nextReady(redis: Redis): Promise<void> {
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
