/** Where a Redis is and how to log in, read from a `REDIS_URL`. */
export type RedisAddress =
  /** One server; ioredis reads such URLs itself. */
  | { readonly kind: 'server'; readonly url: string; readonly tls: boolean }
  | { readonly kind: 'socket'; readonly path: string }
  /** Sentinels, who know which server is the master now. */
  | (Login & {
      readonly kind: 'sentinel';
      readonly sentinels: readonly HostPort[];
      /** The name that the sentinels give to the master. */
      readonly master: string;
      readonly db: number;
      readonly sentinelUsername: string | undefined;
      readonly sentinelPassword: string | undefined;
    })
  /** Some nodes of a Redis Cluster; the rest is asked of them. */
  | (Login & { readonly kind: 'cluster'; readonly nodes: readonly HostPort[] });

interface HostPort {
  readonly host: string;
  readonly port: number;
}

interface Login {
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly tls: boolean;
}

/** `allowed` says what would have been right. It never quotes the URL, which may hold a password. */
export type ReadAddress =
  | { readonly ok: true; readonly address: RedisAddress }
  | { readonly ok: false; readonly allowed: string };

const SERVER_FORM = 'redis://host:port, rediss://… for TLS, or unix:///path';
const SENTINEL_FORM = 'redis+sentinel://user:password@host:26379,host:26379/master-name/db';
const CLUSTER_FORM = 'redis+cluster://user:password@host:6379,host:6379';
const ANY_FORM = `${SERVER_FORM}; for several servers redis+sentinel://host,host/master-name or redis+cluster://host,host`;
const ENCODED = 'with special characters of the password percent-encoded';
const SENTINEL_PORT = 26_379;
const SERVER_PORT = 6_379;

/**
 * Reads a `REDIS_URL`: `redis://` and `rediss://` (TLS) for one server, `unix:///path` for a socket,
 * `redis+sentinel://` for a master that sentinels watch, `redis+cluster://` for a Redis Cluster; with `rediss+` over TLS.
 */
export function readRedisUrl(text: string): ReadAddress {
  const scheme = /^([a-z+]+):/.exec(text)?.[1];
  switch (scheme) {
    case 'unix':
      return /^unix:\/\/\/\S+$/.test(text)
        ? { ok: true, address: { kind: 'socket', path: text.slice('unix://'.length) } }
        : refuse('unix:///path/to/socket');
    case 'redis':
    case 'rediss':
      return readServer(text, scheme === 'rediss');
    case 'redis+sentinel':
    case 'rediss+sentinel':
      return readSentinel(text, scheme === 'rediss+sentinel');
    case 'redis+cluster':
    case 'rediss+cluster':
      return readCluster(text, scheme === 'rediss+cluster');
    default:
      return refuse(ANY_FORM);
  }
}

/** What is allowed instead, for the report of a configuration; null when the URL can be read. */
export function redisUrlFault(text: string): string | null {
  const read = readRedisUrl(text);
  return read.ok ? null : read.allowed;
}

function readServer(text: string, tls: boolean): ReadAddress {
  if (!/^rediss?:\/\/[^/\s]\S*$/.test(text)) return refuse(ANY_FORM);
  if (!URL.canParse(text)) {
    return /@/.test(text)
      ? refuse(`redis://user:password@host:port, ${ENCODED}`)
      : refuse(`one host and port; ${ANY_FORM}`);
  }
  const { pathname, search } = new URL(text);
  if (!/^\/?\d*$/.test(pathname)) return refuse('redis://host:port/db, where db is a whole number');
  // ioredis would take it for options of its own, stronger than ours: with ?tls=… certificates are not ours to demand.
  if (search !== '') return refuse(`${SERVER_FORM}, without a query`);
  return { ok: true, address: { kind: 'server', url: text, tls } };
}

function readSentinel(text: string, tls: boolean): ReadAddress {
  const parts = readParts(text, SENTINEL_PORT);
  if (parts === null) return refuse(`${SENTINEL_FORM}, ${ENCODED}`);
  const [master = '', db = '0', ...more] = parts.path;
  if (master === '' || more.length > 0)
    return refuse(`${SENTINEL_FORM}: after the sentinels the master's name`);
  if (!/^\d+$/.test(db)) return refuse(`${SENTINEL_FORM}, where db is a whole number`);
  const { sentinelUsername, sentinelPassword, ...unknown } = parts.query;
  if (Object.keys(unknown).length > 0)
    return refuse('no other query than sentinelUsername and sentinelPassword');
  const { hosts: sentinels, username, password } = parts;
  return {
    ok: true,
    address: {
      kind: 'sentinel',
      sentinels,
      master,
      db: Number(db),
      username,
      password,
      tls,
      sentinelUsername,
      sentinelPassword,
    },
  };
}

function readCluster(text: string, tls: boolean): ReadAddress {
  const parts = readParts(text, SERVER_PORT);
  if (parts === null) return refuse(`${CLUSTER_FORM}, ${ENCODED}`);
  const [db = '', ...more] = parts.path;
  if (more.length > 0 || !['', '0'].includes(db)) {
    return refuse(`${CLUSTER_FORM} without a db: a Redis Cluster has only the database 0`);
  }
  if (Object.keys(parts.query).length > 0) return refuse(`${CLUSTER_FORM} without a query`);
  const { hosts: nodes, username, password } = parts;
  return { ok: true, address: { kind: 'cluster', nodes, username, password, tls } };
}

interface Parts {
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly hosts: readonly HostPort[];
  readonly path: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

const SEVERAL_HOSTS =
  /^[a-z+]+:\/\/(?:(?<user>[^:@/?#\s]*)(?::(?<password>[^:@/?#\s]*))?@)?(?<hosts>[^@/?#\s]+)(?:\/(?<path>[^?#\s]*))?(?:\?(?<query>[^#\s]*))?$/;

/** A URL with several hosts, which URL itself does not know. Null when it is none. */
function readParts(text: string, defaultPort: number): Parts | null {
  const groups = SEVERAL_HOSTS.exec(text)?.groups;
  if (groups === undefined) return null;
  try {
    const hosts = (groups.hosts ?? '').split(',').map((host) => readHost(host, defaultPort));
    if (hosts.some((host) => host === null)) return null;
    return {
      username: decoded(groups.user),
      password: decoded(groups.password),
      hosts: hosts.filter((host) => host !== null),
      path: (groups.path ?? '').split('/').filter(Boolean).map(decodeURIComponent),
      query: Object.fromEntries(new URLSearchParams(groups.query ?? '')),
    };
  } catch {
    // A percent sign that begins no escape.
    return null;
  }
}

function readHost(text: string, defaultPort: number): HostPort | null {
  const groups = /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<name>[^:[\]]+))(?::(?<port>\d{1,5}))?$/.exec(text)?.groups;
  const host = groups?.v6 ?? groups?.name;
  const port = Number(groups?.port ?? defaultPort);
  return host === undefined || port < 1 || port > 65_535 ? null : { host, port };
}

/** Undefined for what was left out or left empty, as in `redis+cluster://:password@…`. */
function decoded(text: string | undefined): string | undefined {
  return text ? decodeURIComponent(text) : undefined;
}

function refuse(allowed: string): ReadAddress {
  return { ok: false, allowed };
}
