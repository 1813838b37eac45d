import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { eventually } from './eventually.js';
import { freePorts, type RedisProcess, startRedisProcess } from './redis-process.js';
import { DURABLE } from './redis-server.js';

export interface TestSentinel {
  /** `redis+sentinel://…`, as `REDIS_URL` takes it. */
  readonly url: string;
  /** To the master of the moment. */
  readonly client: Redis;
  /** kill -9 of the master of the moment; resolves when the replica has taken over. */
  failOver(onKilled?: () => void): Promise<void>;
  /** The server that was killed comes back, as a replica; resolves when it has caught up. */
  rejoin(): Promise<void>;
  /** Cuts the replica off: from now until the master fails over it gets nothing. Resolves after so long. */
  cutOffReplica(forMs: number): Promise<void>;
  /** Freezes or thaws the replica: from then on it confirms nothing. */
  freezeReplica(): void;
  thawReplica(): void;
  stop(): Promise<void>;
}

const NAME = 'callpost';
const SENTINELS = 3;
const DOWN_AFTER_MS = 500;
const CATCHES_UP_WITHIN_MS = 5_000;
const FAILOVER_TIMEOUT_MS = 3_000;

/** A master, a replica and three sentinels on 127.0.0.1, which fail over half a second after the master is gone. */
export async function startSentinel(): Promise<TestSentinel> {
  const folder = mkdtempSync(join(tmpdir(), 'callpost-sentinel-'));
  const ports = await freePorts(2 + SENTINELS);
  const [first = 0, second = 0, ...sentinelPorts] = ports;
  const servers = new Map<number, RedisProcess>();
  let dead: number | null = null;

  function startServer(port: number, master: number | null): void {
    const file = join(folder, `${port}.conf`);
    // In a file, since the sentinels have the server rewrite it when its role changes.
    const settings = [
      ['port', port],
      ['bind', '127.0.0.1'],
      ['dir', folder],
      ['dbfilename', `${port}.rdb`],
      ['appenddirname', `${port}.aof`],
      ['save', '""'],
      ['repl-diskless-sync-delay', 0],
      ...pairs(DURABLE),
      ...(master === null ? [] : [['replicaof', `127.0.0.1 ${master}`]]),
    ];
    writeFileSync(file, `${settings.map((pair) => pair.join(' ')).join('\n')}\n`);
    servers.set(port, startRedisProcess([file]));
  }

  startServer(first, null);
  startServer(second, first);
  const probe = (port: number) => new Redis({ port, host: '127.0.0.1', retryStrategy: () => 50 });
  await caughtUp(probe(first));

  const sentinels = sentinelPorts.map((port) => {
    const file = join(folder, `${port}.conf`);
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      `sentinel monitor ${NAME} 127.0.0.1 ${first} 2`,
      `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER_MS}`,
      `sentinel failover-timeout ${NAME} ${FAILOVER_TIMEOUT_MS}`,
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    return startRedisProcess([file, '--sentinel']);
  });
  for (const port of sentinelPorts) await knowsAll(probe(port));

  const client = new Redis({
    sentinels: sentinelPorts.map((port) => ({ host: '127.0.0.1', port })),
    name: NAME,
    maxRetriesPerRequest: null,
    sentinelRetryStrategy: () => 50,
    retryStrategy: () => 50,
  });
  client.on('error', () => undefined);

  async function masterPort(): Promise<number> {
    const sentinel = probe(sentinelPorts[0] ?? 0);
    try {
      const [, port] = (await sentinel.call('SENTINEL', 'get-master-addr-by-name', NAME)) as [string, string];
      return Number(port);
    } finally {
      sentinel.disconnect();
    }
  }

  const replica = () => [...servers].find(([port]) => port !== dead && port !== lastMaster)?.[1];
  let lastMaster = first;

  return {
    url: `redis+sentinel://${sentinelPorts.map((port) => `127.0.0.1:${port}`).join(',')}/${NAME}`,
    client,
    async failOver(onKilled = () => undefined) {
      const old = await masterPort();
      await servers.get(old)?.crash();
      onKilled();
      replica()?.thaw();
      dead = old;
      await eventually(async () => (await masterPort()) !== old, 30_000);
      lastMaster = await masterPort();
      await eventually(async () => (await client.role())[0] === 'master', 30_000);
    },
    async rejoin() {
      if (dead === null) return;
      servers.get(dead)?.launch();
      dead = null;
      await caughtUp(probe(lastMaster));
    },
    async cutOffReplica(forMs) {
      // On a busy machine it lags behind; what was written before this call it has.
      await client.set('callpost:cut-off', '1');
      await client.wait(1, CATCHES_UP_WITHIN_MS);
      replica()?.freeze();
      await client.call('CLIENT', 'KILL', 'TYPE', 'replica');
      await sleep(forMs);
    },
    freezeReplica: () => replica()?.freeze(),
    thawReplica: () => replica()?.thaw(),
    async stop() {
      client.disconnect();
      await Promise.all([...sentinels, ...servers.values()].map((server) => server.crash()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function caughtUp(master: Redis): Promise<void> {
  master.on('error', () => undefined);
  await eventually(async () => /slave0:.*state=online/.test(await master.info('replication')), 30_000);
  master.disconnect();
}

/** Until a sentinel knows the replica and the other sentinels it could not fail over. */
async function knowsAll(sentinel: Redis): Promise<void> {
  sentinel.on('error', () => undefined);
  await eventually(async () => {
    const info = await sentinel.info('sentinel');
    return new RegExp(`slaves=1,sentinels=${SENTINELS}`).test(info);
  }, 30_000);
  sentinel.disconnect();
}

function pairs(args: readonly string[]): string[][] {
  return args.flatMap((arg, index) => (index % 2 === 0 ? [[arg.slice(2), args[index + 1] ?? '']] : []));
}
