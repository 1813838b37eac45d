import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectRedis, type RedisConnection, readChannelStatus } from '@callpost/queue';
import {
  DURABLE,
  type Sink,
  startCluster,
  startRedis,
  startSentinel,
  startSink,
  startTcpProxy,
  type TcpProxy,
  type TestCluster,
  type TestRedis,
  type TestSentinel,
} from '@callpost/testkit';
import { type Breakage, type Dead, FILES } from './ledger/ledger.js';
import { createFleet, type Fleet } from './parts/fleet.js';
import { createProducer, type Load, type Producer } from './parts/producer.js';
import type { Surroundings } from './parts/surroundings.js';

/** What a fault needs to stand on. */
export interface Needs {
  /** `quota`: its files may grow to 1 MB. */
  readonly redis?: 'always' | 'everysec' | 'always, quota' | 'everysec, quota' | 'sentinel' | 'cluster';
  /** The endpoint is https:. */
  readonly tls?: boolean;
  readonly durability?: 'memory' | 'replica';
}

/** Everything that takes part, and the ways to break it. */
export interface Stage {
  /** The one server; null with sentinels and with a cluster. */
  readonly server: TestRedis | null;
  readonly sentinel: TestSentinel | null;
  readonly cluster: TestCluster | null;
  /** Between the workers and the one server. */
  readonly redisProxy: TcpProxy;
  /** Between the producer and the one server. */
  readonly producerProxy: TcpProxy;
  /** Between the workers and the endpoint. */
  readonly endpointProxy: TcpProxy;
  readonly sink: Sink;
  readonly fleet: Fleet;
  readonly producer: Producer;
  readonly channels: readonly string[];
  /** Writes down that something was broken. @param inFlight how many attempts may be repeated because of it */
  broke(what: string, inFlight: number, more?: Partial<Breakage>): void;
  /** For a worker's CHANNELS_FILE: all channels, each divided into so many. */
  channelsFile(shards: number): string;
  /** Clock and resolver of the workers. */
  surround(surroundings: Surroundings): void;
  /** Acceptances so far. */
  acceptedCount(): number;
  /** The counts of all channels together. */
  status(): Promise<Readonly<Record<string, number>>>;
  /** Completes a ledger: with what the endpoint accepted since it began, and the dead letters as Redis has them. */
  writeEnd(ledgerFolder: string): Promise<void>;
  /** Starts a ledger of its own for the next fault. */
  newLedger(load: Load): string;
  close(): Promise<void>;
}

const SECRET = 'the secret of the fault suite';
/** So that what a dead worker held is taken over within seconds. */
export const WORKER = { concurrency: 10, timeoutMs: 1_000, lockMs: 2_000 } as const;
/** Of the endpoint, so that there is always something in flight. */
const LATENCY_MS = 50;
/** Of 512 bytes: two thirds of what a load of 400 events writes. */
const QUOTA_BLOCKS = 2_000;
const TLS_FOLDER = fileURLToPath(new URL('../tls', import.meta.url));
/** Of a channel that is divided: as many as any fault makes of it. */
const SHARDS = [0, 1, 2, 3];
const CLUSTER_CHANNELS = ['north', 'south', 'east', 'west'];

/** So that two faults that need the same find the same stage. */
export function withDefaults({
  redis = 'always',
  tls = false,
  durability = 'memory',
}: Needs = {}): Required<Needs> {
  return { redis, tls, durability };
}

/** @param plantedBug see `planted/planted-bugs.ts`; null for none */
export async function openStage(needs: Needs, plantedBug: string | null = null): Promise<Stage> {
  const { redis, tls, durability } = withDefaults(needs);
  const folder = mkdtempSync(join(tmpdir(), 'callpost-faults-'));
  const servers = await startServers(redis);
  const { server, sentinel, cluster } = servers;
  const target = { path: server?.url.slice('unix://'.length) ?? '/nowhere' };
  const [redisProxy, producerProxy] = await Promise.all([startTcpProxy(target), startTcpProxy(target)]);
  const sinkFile = join(folder, 'all-accepted.ndjson');
  writeFileSync(sinkFile, '');
  const sink = await startSink(SECRET, {
    latencyMs: LATENCY_MS,
    ledgerFile: sinkFile,
    ...(tls ? { tlsFolder: TLS_FOLDER } : {}),
  });
  const endpointProxy = await startTcpProxy({ port: sink.port, host: '127.0.0.1' });
  const channels = cluster === null ? ['default'] : CLUSTER_CHANNELS;
  const homes = channels.flatMap((channel) => [channel, ...SHARDS.map((shard) => `${channel}.${shard}`)]);
  const surroundingsFile = join(folder, 'surroundings.json');
  const distributedUrl = sentinel?.url ?? cluster?.url;
  const client: RedisConnection = connectRedis(distributedUrl ?? server?.url ?? '', 'worker');

  function channelsFile(shards: number): string {
    const file = join(folder, `channels-${shards}.json`);
    const all = channels.map((name) => ({ name, secretEnv: 'ENDPOINT_SECRET', shards }));
    writeFileSync(file, JSON.stringify({ channels: all }));
    return file;
  }
  const planted = plantedBug === null ? {} : { PLANTED_BUG: plantedBug };
  const fleet = createFleet({
    ...planted,
    REDIS_URL: distributedUrl ?? `redis://127.0.0.1:${redisProxy.port}`,
    REAMAZE_URL: `${tls ? 'https' : 'http'}://localhost:${endpointProxy.port}/incoming/voice`,
    CHANNELS_FILE: channelsFile(1),
    ENDPOINT_SECRET: SECRET,
    WORKER_CONCURRENCY: String(WORKER.concurrency),
    REQUEST_TIMEOUT_MS: String(WORKER.timeoutMs),
    LOCK_DURATION_MS: String(WORKER.lockMs),
    SURROUNDINGS_FILE: surroundingsFile,
    NODE_EXTRA_CA_CERTS: join(TLS_FOLDER, 'ca.pem'),
  });
  const producer = createProducer({
    ...planted,
    REDIS_URL: distributedUrl ?? `redis://127.0.0.1:${producerProxy.port}`,
    CHANNELS: channels.join(','),
    DURABILITY: durability,
  });
  /** By plain commands, which know nothing of how Callpost reads its letters, and before anything heals an index. */
  async function readDead(): Promise<Dead[]> {
    const found: Dead[] = [];
    for (const home of homes) {
      const key = `bull:{voice-${home}}:`;
      const replies = await client
        .multi()
        .zrange(`${key}failed`, '0', '-1')
        .zrange(`${key}callpost:indexed`, '0', '-1')
        .exec();
      const [failed = [], indexed = []] = (replies ?? []).map(([error, members]) => {
        if (error) throw error;
        return members as string[];
      });
      for (const jobId of failed.filter((id) => id.includes(`_${prefix}.`))) {
        if ((await client.hexists(`${key}${jobId}`, 'data')) === 0) continue;
        found.push({ event: jobId.replace(/^e\./, ''), isIndexed: indexed.includes(jobId) });
      }
    }
    return found;
  }

  let ledgerFolder = folder;
  let sinkStart = 0;
  let prefix = '';

  return {
    ...servers,
    redisProxy,
    producerProxy,
    endpointProxy,
    sink,
    fleet,
    producer,
    channels,
    broke(what, inFlight, more = {}) {
      const line: Breakage = {
        what,
        atMs: Date.now(),
        inFlight,
        mayLoseSinceMs: null,
        refusesWrites: false,
        cutsRequests: false,
        ...more,
      };
      appendFileSync(join(ledgerFolder, FILES.breakages), `${JSON.stringify(line)}\n`);
    },
    channelsFile,
    surround: (surroundings) => writeFileSync(surroundingsFile, JSON.stringify(surroundings)),
    acceptedCount: () => readFileSync(sinkFile).subarray(sinkStart).toString('latin1').split('\n').length - 1,
    async status() {
      const all = await Promise.all(homes.map((home) => readChannelStatus(client, home)));
      const sum: Record<string, number> = {};
      for (const { counts } of all) {
        for (const [state, count] of Object.entries(counts)) sum[state] = (sum[state] ?? 0) + count;
      }
      return sum;
    },
    async writeEnd(ledger) {
      writeFileSync(join(ledger, FILES.accepted), readFileSync(sinkFile).subarray(sinkStart));
      // A letter that is moved while the homes are read, after its new one and before its old one, is seen the second time.
      const dead = [...(await readDead()), ...(await readDead())].map((line) => `${JSON.stringify(line)}\n`);
      writeFileSync(join(ledger, FILES.dead), [...new Set(dead)].join(''));
    },
    newLedger(load) {
      sinkStart = statSync(sinkFile).size;
      prefix = load.prefix;
      ledgerFolder = mkdtempSync(join(folder, `${load.prefix}-`));
      producer.load(load, join(ledgerFolder, FILES.acknowledged));
      return ledgerFolder;
    },
    async close() {
      await producer.kill();
      await fleet.close();
      client.disconnect();
      await Promise.all([redisProxy, producerProxy, endpointProxy].map((proxy) => proxy.stop()));
      await sink.stop();
      await Promise.all([server?.stop(), sentinel?.stop(), cluster?.stop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startServers(redis: NonNullable<Needs['redis']>) {
  const none = { server: null, sentinel: null, cluster: null };
  if (redis === 'sentinel') return { ...none, sentinel: await startSentinel() };
  if (redis === 'cluster') return { ...none, cluster: await startCluster() };
  const settings = redis.startsWith('always')
    ? DURABLE
    : DURABLE.map((word) => (word === 'always' ? 'everysec' : word));
  return { ...none, server: await startRedis(settings, redis.endsWith('quota') ? QUOTA_BLOCKS : undefined) };
}
