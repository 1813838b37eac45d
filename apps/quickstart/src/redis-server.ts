import { createServer } from 'node:net';
import { connectRedis, openRedis, type RedisConnection } from '@callpost/queue';
import { type Program, ProgramError, startProgram } from './program.js';

export interface RedisServer {
  readonly program: Program;
  readonly port: number;
  readonly url: string;
}

export interface RedisServerOptions {
  readonly command: string;
  /** Absolute. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** Told of each program at once, so that it is known and stopped whatever happens next. */
  readonly onStarted: (program: Program, port: number) => void;
}

/** A large append-only file is read again before Redis is ready. */
const READY_WITHIN_MS = 60_000;
const TRIES = 3;
const PROBE_WITHIN_MS = 2_000;

/** A Redis of our own: reachable from this machine alone, everything it acknowledged in its append-only file. */
export async function startRedisServer(options: RedisServerOptions): Promise<RedisServer> {
  for (let triesLeft = TRIES - 1; ; triesLeft -= 1) {
    const port = await freePort();
    const program = startProgram({
      name: 'Redis',
      command: options.command,
      args: redisArguments(options.folder, port),
      env: options.env,
    });
    options.onStarted(program, port);
    try {
      await program.waitFor(
        (line) => (line.includes('Ready to accept connections') ? true : null),
        READY_WITHIN_MS,
      );
      return { program, port, url: `redis://127.0.0.1:${port}` };
    } catch (error) {
      const isTaken = error instanceof ProgramError && /address already in use/i.test(error.message);
      if (!isTaken || triesLeft === 0) throw error;
    }
  }
}

/**
 * Whether a Redis that keeps its files in `folder` answers on the port. One that takes connections but is too busy to
 * answer counts: it may be just writing its last.
 */
export async function isRedisOn(folder: string, port: number): Promise<boolean> {
  const redis = connectRedis(`redis://127.0.0.1:${port}`, 'tool');
  try {
    await openRedis(redis);
    return await Promise.race([isIn(folder, redis), after(PROBE_WITHIN_MS, true)]);
  } catch {
    return false;
  } finally {
    redis.disconnect();
  }
}

async function isIn(folder: string, redis: RedisConnection): Promise<boolean> {
  const reply = await redis.config('GET', 'dir');
  return Array.isArray(reply) && reply[1] === folder;
}

function redisArguments(folder: string, port: number): string[] {
  const settings: Readonly<Record<string, string>> = {
    port: String(port),
    bind: '127.0.0.1',
    'protected-mode': 'yes',
    dir: folder,
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '',
    'maxmemory-policy': 'noeviction',
    daemonize: 'no',
  };
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
}

/** Free at this moment; another program may be quicker. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = address !== null && typeof address === 'object' ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

function after<T>(delayMs: number, value: T): Promise<T> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs, value).unref();
  });
}
