import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cluster, Redis } from 'ioredis';
import { eventually } from './eventually.js';
import { freePorts, type RedisProcess, startRedisProcess } from './redis-process.js';
import { DURABLE } from './redis-server.js';

export interface TestCluster {
  /** `redis+cluster://…`, as `REDIS_URL` takes it. */
  readonly url: string;
  readonly client: Cluster;
  /** kill -9 of the master that has this key; resolves when its replica has taken over. */
  failOver(key: string, onKilled?: () => void): Promise<void>;
  stop(): Promise<void>;
}

const MASTERS = 3;
const SLOTS = 16_384;
const NODE_TIMEOUT_MS = 1_000;

/** Three masters with a replica each, on 127.0.0.1. */
export async function startCluster(): Promise<TestCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'callpost-cluster-'));
  const ports = await freePorts(2 * MASTERS);
  const servers = new Map<number, RedisProcess>();
  const nodes = ports.map((port) => {
    const own = join(folder, String(port));
    mkdirSync(own);
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', own, '--save', ''];
    const cluster = ['--cluster-enabled', 'yes', '--cluster-node-timeout', String(NODE_TIMEOUT_MS)];
    const replication = ['--repl-diskless-sync-delay', '0', '--cluster-replica-validity-factor', '0'];
    servers.set(port, startRedisProcess([...args, ...cluster, ...replication, ...DURABLE]));
    const node = new Redis({ port, host: '127.0.0.1', retryStrategy: () => 50, maxRetriesPerRequest: null });
    node.on('error', () => undefined);
    return node;
  });
  await form(nodes, ports);

  const client = new Cluster(
    ports.map((port) => ({ host: '127.0.0.1', port })),
    { slotsRefreshInterval: 500, clusterRetryStrategy: () => 100, maxRedirections: 1_000 },
  );
  client.on('error', () => undefined);
  await eventually(() => client.ping(), 30_000);

  /** As a living node sees it. */
  async function masterOf(key: string, asked: Redis): Promise<number> {
    const slot = Number(await asked.cluster('KEYSLOT', key));
    const ranges = await asked.cluster('SLOTS');
    return ranges.find(([from, to]) => from <= slot && slot <= to)?.[2]?.[1] ?? -1;
  }

  return {
    url: `redis+cluster://${ports.map((port) => `127.0.0.1:${port}`).join(',')}`,
    client,
    async failOver(key, onKilled = () => undefined) {
      const first = nodes.find((node) => servers.has(Number(node.options.port)));
      if (first === undefined) throw new Error('no node left');
      const old = await masterOf(key, first);
      await servers.get(old)?.crash();
      onKilled();
      servers.delete(old);
      const asked = nodes.find((node) => servers.has(Number(node.options.port))) ?? first;
      await eventually(async () => {
        const now = await masterOf(key, asked);
        return now !== old && now !== -1 && /cluster_state:ok/.test(String(await asked.cluster('INFO')));
      }, 30_000);
    },
    async stop() {
      client.disconnect();
      for (const node of nodes) node.disconnect();
      await Promise.all([...servers.values()].map((server) => server.crash()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** By hand rather than with redis-cli, which not every package of a Redis server has. */
async function form(nodes: readonly Redis[], ports: readonly number[]): Promise<void> {
  const [first] = nodes;
  if (first === undefined) throw new Error('a cluster has nodes');
  for (const port of ports) await first.cluster('MEET', '127.0.0.1', port);
  const masters = nodes.slice(0, MASTERS);
  await Promise.all(
    masters.map(async (node, index) => {
      const from = Math.ceil((index * SLOTS) / MASTERS);
      const to = Math.ceil(((index + 1) * SLOTS) / MASTERS);
      const slots = Array.from({ length: to - from }, (_, offset) => from + offset);
      await node.call('CLUSTER', 'ADDSLOTS', ...slots.map(String));
    }),
  );
  const ids = await Promise.all(masters.map(async (node) => String(await node.cluster('MYID'))));
  await Promise.all(
    nodes
      .slice(MASTERS)
      .map((node, index) => eventually(() => node.cluster('REPLICATE', ids[index] ?? ''), 30_000)),
  );
  await eventually(async () => {
    for (const node of masters) {
      if (!/slave0:.*state=online/.test(await node.info('replication'))) return false;
    }
    for (const node of nodes) {
      if (!/cluster_state:ok/.test(String(await node.cluster('INFO')))) return false;
    }
    return true;
  }, 30_000);
}
