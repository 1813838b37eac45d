import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';

/** One redis-server as a process that a test kills, freezes and starts again. */
export interface RedisProcess {
  readonly pid: () => number;
  /** kill -9, as a crash would. */
  crash(): Promise<void>;
  /** Starts it again with the same arguments, and with space on its disk. */
  launch(): void;
  /** SIGSTOP: connections stay open and nothing answers. */
  freeze(): void;
  thaw(): void;
  /** Resolves when it has ended by itself or by a signal. */
  ended(): Promise<void>;
}

/**
 * @param args of `redis-server`
 * @param fileBlocks where given, no file of it may grow beyond so many blocks of 512 bytes: a full disk
 */
export function startRedisProcess(args: readonly string[], fileBlocks?: number): RedisProcess {
  let server = launch(fileBlocks);

  function launch(blocks?: number): ChildProcess {
    if (blocks === undefined) return spawn(redisBinary(), args, { stdio: 'ignore' });
    // With SIGXFSZ ignored a write beyond the limit fails, as it does on a full disk, instead of killing the process.
    const script = `trap '' XFSZ; ulimit -S -f ${blocks}; exec "$0" "$@"`;
    return spawn('sh', ['-c', script, redisBinary(), ...args], { stdio: 'ignore' });
  }

  const hasEnded = () => server.exitCode !== null || server.signalCode !== null;
  const ended = async () => void (hasEnded() || (await once(server, 'exit')));

  return {
    pid: () => server.pid ?? -1,
    async crash() {
      // A frozen process takes SIGKILL too.
      server.kill('SIGKILL');
      await ended();
    },
    launch() {
      if (hasEnded()) server = launch();
    },
    freeze: () => void server.kill('SIGSTOP'),
    thaw: () => void server.kill('SIGCONT'),
    ended,
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

/** Whether the Redis of this machine was built with TLS; one that was made from its source is not, unless it was told. */
export function redisSpeaksTls(): boolean {
  // It ends at once in any case: either it does not know the setting, or not the value.
  const { stderr } = spawnSync(redisBinary(), ['--port', '0', '--tls-auth-clients', 'perhaps'], {
    encoding: 'utf8',
  });
  return stderr.includes('must be one of');
}

/** Above a server's own port a node of a cluster listens for its fellows. */
const CLUSTER_BUS_OFFSET = 10_000;

/** So many ports of 127.0.0.1 that nobody listens on, nor on those 10,000 above. */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    if ((await isFree(port)) && (await isFree(port + CLUSTER_BUS_OFFSET))) found.add(port);
  }
  return [...found];
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
