import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { RedisAddress } from './redis-address.js';
import { TellingSentinels } from './telling-sentinels.js';

/** A connection made by `connectRedis`, so that apps need not name ioredis. */
export type RedisConnection = Redis | Cluster;

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

export const CONNECT_TIMEOUT_MS = 5_000;
const RECONNECT_AFTER_AT_MOST_MS = 1_000;
/**
 * A connection that was to answer and is silent for so long is given up: a firewall or a dead host may have swallowed it
 * without a word, and the kernel would notice only after a quarter of an hour. Longer than any command that waits by
 * intent (BullMQ waits up to 10 s for an event).
 */
const SILENT_AT_MOST_MS = 20_000;
const KEEP_ALIVE_MS = 10_000;
/** Of a Redis Cluster: how soon a connection that lost a node, and was told nothing else, asks for the new map. */
const CLUSTER_MAP_REFRESH_MS = 5_000;
const CLUSTER_RETRY_MS = 200;

/**
 * Never less than a verified certificate, whatever NODE_TLS_REJECT_UNAUTHORIZED says. A private authority is named with
 * NODE_EXTRA_CA_CERTS.
 */
const VERIFIED_TLS = { rejectUnauthorized: true };

const reconnectAfterMs = (times: number) =>
  Math.min(50 * 2 ** Math.min(times, 5), RECONNECT_AFTER_AT_MOST_MS);

/** A connection to whatever kind of Redis this is, not opened yet but for a worker. */
export function connectionTo(address: RedisAddress, role: RedisRole): RedisConnection {
  const options: Options = {
    ...OPTIONS[role],
    lazyConnect: role !== 'worker',
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SILENT_AT_MOST_MS,
    keepAlive: KEEP_ALIVE_MS,
    retryStrategy: reconnectAfterMs,
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  };
  switch (address.kind) {
    case 'socket':
      return new Redis({ path: address.path, ...options });
    case 'server':
      return new Redis(address.url, { ...options, ...(address.tls ? { tls: VERIFIED_TLS } : {}) });
    case 'sentinel':
      return new Redis({ ...options, ...sentinelOptions(address) });
    case 'cluster':
      return clusterOf(address, role, options);
  }
}

function sentinelOptions(address: RedisAddress & { kind: 'sentinel' }): Options {
  const { sentinels, master, db, username, password, tls, sentinelUsername, sentinelPassword } = address;
  return {
    Connector: TellingSentinels,
    sentinels: [...sentinels],
    name: master,
    db,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(sentinelUsername === undefined ? {} : { sentinelUsername }),
    ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
    ...(tls ? { tls: VERIFIED_TLS, sentinelTLS: VERIFIED_TLS, enableTLSForSentinelMode: true } : {}),
    sentinelRetryStrategy: reconnectAfterMs,
    sentinelCommandTimeout: CONNECT_TIMEOUT_MS,
    // A master that hangs does not close its connections; the sentinels tell when there is another.
    failoverDetector: true,
  };
}

/**
 * A command whose connection broke is sent again only for a worker, as with one server: `retryDelayOnFailover` 0 keeps
 * ioredis from doing it for the others.
 */
function clusterOf(
  { nodes, username, password, tls }: RedisAddress & { kind: 'cluster' },
  role: RedisRole,
  { lazyConnect, enableOfflineQueue, retryStrategy: _, ...options }: Options,
): Cluster {
  const isWorker = role === 'worker';
  return new Cluster([...nodes], {
    ...(lazyConnect === undefined ? {} : { lazyConnect }),
    ...(enableOfflineQueue === undefined ? {} : { enableOfflineQueue }),
    ...(isWorker ? { maxRedirections: Number.MAX_SAFE_INTEGER } : {}),
    retryDelayOnFailover: isWorker ? CLUSTER_RETRY_MS : 0,
    retryDelayOnClusterDown: CLUSTER_RETRY_MS,
    slotsRefreshInterval: CLUSTER_MAP_REFRESH_MS,
    slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
    clusterRetryStrategy: reconnectAfterMs,
    // Names as certificates have them.
    ...(tls ? { dnsLookup: (host, callback) => callback(null, host) } : {}),
    redisOptions: {
      ...options,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(tls ? { tls: VERIFIED_TLS } : {}),
    },
  });
}

/** The servers that hold data: of a cluster every master, otherwise the one server. */
export function mastersOf(redis: RedisConnection): Redis[] {
  return redis instanceof Cluster ? redis.nodes('master') : [redis];
}
