import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { ROOT } from './deployment-compose.js';

const LIFETIME_MS = 20_000;

export interface RunningRedis {
  readonly client: Redis;
  /** By its process, as the engine or the kernel would. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** Runs `use` with a directory for Redis that is deleted afterwards. */
export async function withDirectory(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'callpost-redis-'));
  try {
    await use(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** A real Redis with the configuration of the deployment; only where it listens and writes is the test's own. */
export async function startRedis(directory: string): Promise<RunningRedis> {
  const socket = join(directory, 'redis.sock');
  const options = ['--port', '0', '--unixsocket', socket, '--dir', directory];
  const server = spawn('redis-server', [join(ROOT, 'infra/redis/redis.conf'), ...options], {
    // Whatever goes wrong, nothing is left running.
    timeout: LIFETIME_MS,
  });
  const exited = once(server, 'exit');
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    client.disconnect();
    server.kill(signal);
    await exited;
  };
  await new Promise<void>((resolve, reject) => {
    let log = '';
    server.once('error', reject);
    server.once('exit', () => reject(new Error(`redis-server ended: ${log}`)));
    server.stdout.on('data', (chunk) => {
      log += String(chunk);
      if (/ready to accept connections/i.test(log)) resolve();
    });
  });
  const client = new Redis({ path: socket, maxRetriesPerRequest: 1 });
  return { client, end };
}
