import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis, type RedisOptions } from 'ioredis';
import { eventually } from './eventually.js';
import { startRedisProcess } from './redis-process.js';

export interface TestRedis {
  /** `unix:///…`, as `REDIS_URL` takes it. */
  readonly url: string;
  /** Where its files are. */
  readonly folder: string;
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
  /** Resolves when the server has ended, by whatever. */
  ended(): Promise<void>;
  stop(): Promise<void>;
}

/** As durable as Redis gets. */
export const DURABLE = [
  '--appendonly',
  'yes',
  '--appendfsync',
  'always',
  '--maxmemory-policy',
  'noeviction',
] as const;

/**
 * A real Redis of a suite's own, on a unix socket in a temporary folder, so that no port is shared with anybody.
 *
 * @param settings further `redis-server` arguments
 * @param fileBlocks see {@link startRedisProcess}
 * @throws when no Redis is installed; `npm test` installs one
 */
export async function startRedis(
  settings: readonly string[] = DURABLE,
  fileBlocks?: number,
): Promise<TestRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'callpost-redis-'));
  const socket = join(folder, 'redis.sock');
  const clients: Redis[] = [];
  const args = ['--port', '0', '--unixsocket', socket, '--dir', folder, '--save', '', ...settings];
  const server = startRedisProcess(args, fileBlocks);

  function connect(options: Partial<RedisOptions> = {}): Redis {
    const { replyMapping: _, ...rest } = options;
    const client = new Redis({ path: socket, maxRetriesPerRequest: null, retryStrategy: () => 50, ...rest });
    client.on('error', () => undefined);
    clients.push(client);
    return client;
  }

  const client = connect();
  await eventually(() => client.ping());
  return {
    url: `unix://${socket}`,
    folder,
    client,
    connect,
    crash: () => server.crash(),
    async restart() {
      server.launch();
      await eventually(() => client.ping());
    },
    freeze: () => server.freeze(),
    thaw: () => server.thaw(),
    ended: () => server.ended(),
    async stop() {
      for (const one of clients) one.disconnect();
      await server.crash();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
