import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Redis, type RedisOptions } from 'ioredis';
import { eventually } from './eventually.js';

export interface TestRedis {
  /** `unix:///…`, as `REDIS_URL` takes it. */
  readonly url: string;
  /** A connection of the test's own; closed by `stop`. */
  readonly client: Redis;
  connect(options?: Partial<RedisOptions>): Redis;
  /** kill -9, as a crash would. */
  crash(): Promise<void>;
  /** Starts again on the same data. */
  restart(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

const DURABLE = ['--appendonly', 'yes', '--appendfsync', 'always', '--maxmemory-policy', 'noeviction'];

/**
 * A real Redis of a suite's own, on a unix socket in a temporary folder, so that no port is shared with anybody.
 *
 * @param settings further `redis-server` arguments; by default it is as durable as Redis gets
 * @throws when no Redis is installed; `npm test` installs one
 */
export async function startRedis(settings: readonly string[] = DURABLE): Promise<TestRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'callpost-redis-'));
  const socket = join(folder, 'redis.sock');
  const clients: Redis[] = [];
  let server = launch();

  function launch(): ChildProcess {
    const args = ['--port', '0', '--unixsocket', socket, '--dir', folder, '--save', '', ...settings];
    return spawn(redisBinary(), args, { stdio: 'ignore' });
  }

  function connect(options: Partial<RedisOptions> = {}): Redis {
    const { replyMapping: _, ...rest } = options;
    const client = new Redis({ path: socket, maxRetriesPerRequest: null, retryStrategy: () => 50, ...rest });
    client.on('error', () => undefined);
    clients.push(client);
    return client;
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill(signal);
    await ended;
  }

  const client = connect();
  await eventually(() => client.ping());
  return {
    url: `unix://${socket}`,
    client,
    connect,
    crash: () => end('SIGKILL'),
    async restart() {
      server = launch();
      await eventually(() => client.ping());
    },
    freeze: () => void server.kill('SIGSTOP'),
    thaw: () => void server.kill('SIGCONT'),
    async stop() {
      for (const one of clients) one.disconnect();
      server.kill('SIGCONT');
      await end('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function redisBinary(): string {
  const folders = (process.env.PATH ?? '').split(delimiter);
  for (const name of ['redis-server', 'valkey-server']) {
    const found = folders.map((folder) => join(folder, name)).find(existsSync);
    if (found !== undefined) return found;
  }
  throw new Error('redis-server or valkey-server is not on the PATH; `npm test` in the root installs one');
}
