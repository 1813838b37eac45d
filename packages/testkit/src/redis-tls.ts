import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { eventually } from './eventually.js';
import { freePorts, startRedisProcess } from './redis-process.js';
import { DURABLE, startRedis, type TestRedis } from './redis-server.js';

export interface TestTlsRedis extends TestRedis {
  /** `rediss://localhost:…`. */
  readonly tlsUrl: string;
  /** `rediss+sentinel://localhost:…`, of a sentinel that watches the server and speaks TLS only, too. */
  readonly sentinelUrl: string;
}

export interface TlsRedisOptions {
  /** PEM file of a certificate for `localhost` and its key. */
  readonly certificate: string;
  /** PEM file of who issued it. */
  readonly authority: string;
}

const NAME = 'callpost';

/** A real Redis that is reached over TLS; over its socket only by the test. */
export async function startTlsRedis({ certificate, authority }: TlsRedisOptions): Promise<TestTlsRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'callpost-tls-'));
  const [port = 0, sentinelPort = 0] = await freePorts(2);
  const tls = [
    ['tls-cert-file', certificate],
    ['tls-key-file', certificate],
    ['tls-ca-cert-file', authority],
    ['tls-auth-clients', 'no'],
  ];
  const onPort = (tlsPort: number) => [['tls-port', String(tlsPort)], ['bind', '127.0.0.1'], ...tls];
  const redis = await startRedis([
    ...DURABLE,
    ...onPort(port).flatMap(([name, value = '']) => [`--${name}`, value]),
  ]);

  const socket = join(folder, 'sentinel.sock');
  const settings = [
    ['port', '0'],
    ['unixsocket', socket],
    ...onPort(sentinelPort),
    ['tls-replication', 'yes'],
    // A certificate is for a name.
    ['sentinel resolve-hostnames', 'yes'],
    ['sentinel announce-hostnames', 'yes'],
    [`sentinel monitor ${NAME} localhost`, `${port} 1`],
  ];
  const file = join(folder, 'sentinel.conf');
  writeFileSync(file, settings.map((pair) => `${pair.join(' ')}\n`).join(''));
  const sentinel = startRedisProcess([file, '--sentinel']);
  const probe = new Redis({ path: socket, retryStrategy: () => 50 });
  probe.on('error', () => undefined);
  await eventually(() => probe.ping());
  probe.disconnect();

  return {
    ...redis,
    tlsUrl: `rediss://localhost:${port}`,
    sentinelUrl: `rediss+sentinel://localhost:${sentinelPort}/${NAME}`,
    async stop() {
      await Promise.all([sentinel.crash(), redis.stop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
