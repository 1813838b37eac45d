import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createCallEventQueue, readChannelStatus } from '@callpost/queue';
import {
  eventually,
  type Program,
  type Sink,
  sampleEvent,
  startProgram,
  startRedis,
  startSink,
  startTcpProxy,
  type TcpProxy,
  type TestRedis,
} from '@callpost/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const WORKER = fileURLToPath(new URL('../../../apps/worker/dist/main.js', import.meta.url));
const CLI = fileURLToPath(new URL('../../../apps/cli/dist/main.js', import.meta.url));

const SHARED_SECRET = 'canary-shared-secret';
const REDIS_PASSWORD = 'canary-redis-password';
/** What must be seen by nobody but Redis and the endpoint. */
const PERSONAL = {
  'a name': 'Canaria Birdsong',
  'a number': '+15105550173',
  'a body': 'Canary sang at length about the coal mine',
  'a link': 'recording-canary-7f3a',
  'an e-mail address': 'canary@example.test',
};

let redis: TestRedis;
let proxy: TcpProxy;
let sink: Sink;
let redisUrl: string;
const programs: Program[] = [];
const folder = mkdtempSync(join(tmpdir(), 'callpost-security-'));

beforeAll(async () => {
  redis = await startRedis();
  await redis.client.call('ACL', 'SETUSER', 'app', 'on', `>${REDIS_PASSWORD}`, '~*', '&*', '+@all');
  proxy = await startTcpProxy({ path: redis.url.slice('unix://'.length) });
  redisUrl = `redis://app:${REDIS_PASSWORD}@127.0.0.1:${proxy.port}`;
  sink = await startSink(SHARED_SECRET);
});
afterEach(async () => {
  for (const program of programs.splice(0)) {
    program.kill('SIGKILL');
    await program.exited();
  }
  await redis.client.flushall();
});
afterAll(async () => {
  await Promise.all([sink.stop(), proxy.stop()]);
  await redis.stop();
  rmSync(folder, { recursive: true });
});

function environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    REDIS_URL: redisUrl,
    REAMAZE_URL: sink.url,
    REAMAZE_SHARED_SECRET: SHARED_SECRET,
    METRICS_PORT: '0',
    RETRY_BASE_MS: '20',
    RETRY_CAP_MS: '100',
    RETRY_MAX_ATTEMPTS: '3',
    REQUEST_TIMEOUT_MS: '2000',
    ...more,
  };
}

async function startWorker(more: Readonly<Record<string, string>> = {}): Promise<Program> {
  const worker = startProgram(WORKER, environment(more));
  programs.push(worker);
  await worker.line({ msg: 'worker ready' });
  return worker;
}

function callpost(args: readonly string[], more: Readonly<Record<string, string>> = {}) {
  return new Promise<{ code: number; output: string }>((resolve) => {
    const env = { PATH: process.env.PATH, ...environment(more) };
    execFile(process.execPath, [CLI, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr }),
    );
  });
}

/** A producer that may touch the keys which SECURITY.md names, and no others. */
async function confinedProducer(channel: string) {
  const page = readFileSync(new URL('../../../SECURITY.md', import.meta.url), 'utf8');
  const keys = /by Redis ACL: `([^`]+)`/.exec(page)?.[1]?.replaceAll('<channel>', channel).split(' ') ?? [];
  const rights = ['resetkeys', ...keys, '&*', '+@all'];
  await redis.client.call('ACL', 'SETUSER', 'producer', 'on', `>${REDIS_PASSWORD}`, ...rights);
  return `redis://producer:${REDIS_PASSWORD}@127.0.0.1:${proxy.port}`;
}

async function sendAll(ids: readonly string[]): Promise<void> {
  const queue = createCallEventQueue({ redis: redis.url });
  const answers = await queue.sendMany(
    ids.map((id) =>
      sampleEvent({
        id,
        from: { name: PERSONAL['a name'], phone: PERSONAL['a number'] },
        body: PERSONAL['a body'],
        attachments: [`https://example.test/${PERSONAL['a link']}.mp3`],
        assignee: { email: PERSONAL['an e-mail address'] },
      }),
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual(ids.map(() => 'accepted'));
  await queue.close();
}

async function settled(): Promise<void> {
  await eventually(async () => {
    const { dead: _, ...open } = (await readChannelStatus(redis.client, 'default')).counts;
    expect(open).toEqual({ waiting: 0, in_flight: 0, retrying: 0, parked: 0 });
  });
}

/** Every value of every key, whatever its type. */
async function everythingIn(client: TestRedis['client']): Promise<string> {
  const texts: string[] = [];
  for (const key of await client.keys('*')) {
    texts.push(key);
    switch (await client.type(key)) {
      case 'string':
        texts.push((await client.get(key)) ?? '');
        break;
      case 'hash':
        texts.push(JSON.stringify(await client.hgetall(key)));
        break;
      case 'list':
        texts.push(...(await client.lrange(key, 0, -1)));
        break;
      case 'set':
        texts.push(...(await client.smembers(key)));
        break;
      case 'zset':
        texts.push(...(await client.zrange(key, '0', '-1')));
        break;
      default:
        texts.push(JSON.stringify(await client.xrange(key, '-', '+')));
    }
  }
  return texts.join('\n');
}

describe('secrets and personal data', () => {
  it('are in no log line, metric, CLI table or error; and no secret is in Redis', async () => {
    const worker = await startWorker({ LOG_LEVEL: 'trace' });
    await sendAll([
      'ok_1',
      'echo-422_1',
      'echo-422_2',
      'fail-9_1',
      'resetbefore_1',
      'redirect-307_1',
      'garbage_1',
    ]);
    await redis.client.hset('bull:{voice-default}:broken', {
      name: 'x',
      data: `{"body":"${PERSONAL['a body']}"`,
      opts: '{}',
      timestamp: 1,
    });
    await redis.client.rpush('bull:{voice-default}:wait', 'broken');
    await redis.client.call('ZADD', 'bull:{voice-default}:marker', '0', '0');
    await settled();

    const patch = join(folder, 'patch.json');
    writeFileSync(patch, '{"assignee":null}');
    const commands = [
      ['status'],
      ['doctor'],
      ['dlq', 'list'],
      ['dlq', 'list', '--output', 'json'],
      ['dlq', 'causes'],
      ['dlq', 'show', 'echo-422_1'],
      ['replay', 'plan', '--reason', 'http_422'],
      ['replay', 'start', '--reason', 'http_422', '--yes', '--comment', 'again'],
      ['replay', 'list'],
      ['audit'],
      ['send', '/does/not/exist.ndjson'],
    ];
    const answers: { code: number; output: string }[] = [];
    for (const command of commands) answers.push(await callpost(command));
    const unreachable = await callpost(['status'], { REDIS_URL: redisUrl.replace(/:\d+$/, ':1') });
    const wrong = await callpost(['status'], { REDIS_URL: `redis+sentinel://u:${REDIS_PASSWORD}@x:y/z` });
    const metrics = await (
      await fetch(String((await worker.line({ msg: 'worker ready' })).metricsUrl))
    ).text();

    expect(answers.map(({ output }) => output).join('')).toContain('http_422');
    expect(unreachable.output).toContain('Redis is not available');
    expect(wrong.output).toContain('redis+sentinel://');
    const seen = {
      log: worker.output(),
      metrics,
      ...Object.fromEntries(
        commands.map((command, index) => [command.join(' '), answers[index]?.output ?? '']),
      ),
      unreachable: unreachable.output,
      wrong: wrong.output,
    };
    for (const [where, text] of Object.entries(seen)) {
      expect(text.length, where).toBeGreaterThan(0);
      for (const [what, value] of Object.entries({ ...PERSONAL, SHARED_SECRET, REDIS_PASSWORD })) {
        expect(text.includes(value), `${what} in ${where}:\n${text.slice(0, 3_000)}`).toBe(false);
      }
    }
    const stored = await everythingIn(redis.client);
    expect(stored).toContain(PERSONAL['a body']);
    expect(stored).not.toContain(SHARED_SECRET);
    expect(stored).not.toContain(REDIS_PASSWORD);
  }, 60_000);

  it('are not shown by a worker that cannot start', async () => {
    const worker = startProgram(
      WORKER,
      environment({
        REAMAZE_URL: `https://u:${SHARED_SECRET}@x/`,
        REDIS_URL: `http://${REDIS_PASSWORD}`,
        CHANNELS_FILE: '/none',
      }),
    );
    expect(await worker.exited()).toBe(2);
    expect(worker.output()).toContain('REDIS_URL: found text');
    expect(worker.output()).not.toContain(SHARED_SECRET);
    expect(worker.output()).not.toContain(REDIS_PASSWORD);
  });
});

describe('verification of certificates', () => {
  it('cannot be turned off by NODE_TLS_REJECT_UNAUTHORIZED: worker and CLI refuse to start', async () => {
    const worker = startProgram(WORKER, environment({ NODE_TLS_REJECT_UNAUTHORIZED: '0' }));
    expect(await worker.exited()).toBe(2);
    expect(worker.output()).toContain('NODE_TLS_REJECT_UNAUTHORIZED: found "0"; allowed: not set');
    const cli = await callpost(['status'], { NODE_TLS_REJECT_UNAUTHORIZED: '0' });
    expect(cli.code).toBe(2);
    expect(cli.output).toContain('NODE_TLS_REJECT_UNAUTHORIZED: found "0"; allowed: not set');
  });
});

describe('a producer with the rights to Redis that SECURITY.md gives it', () => {
  it('enqueues into its channel, whole or divided, and into no other', async () => {
    const url = await confinedProducer('sales');
    const queue = createCallEventQueue({ redis: url, channel: 'sales' });
    const calls = ['a', 'b', 'c', 'd'];
    const send = (id: string) =>
      queue.sendMany(calls.map((call) => sampleEvent({ id: `ok_${id}_${call}`, thread_id: call })));
    expect((await send('whole')).map(({ status }) => status)).toEqual(calls.map(() => 'accepted'));

    const file = join(folder, 'channels.json');
    const sales = { name: 'sales', secret: SHARED_SECRET, url: sink.url, shards: 2 };
    writeFileSync(file, JSON.stringify({ channels: [sales] }));
    const worker = await startWorker({ CHANNELS_FILE: file });
    await worker.line({ msg: 'channel divided' });
    expect((await send('divided')).map(({ status }) => status)).toEqual(calls.map(() => 'accepted'));
    await queue.close();

    const other = createCallEventQueue({ redis: url, channel: 'default' });
    await expect(other.send(sampleEvent({ id: 'ok_other' }))).rejects.toThrow(/NOPERM|permission/i);
    await other.close();
  });
});

describe('a response', () => {
  it.runIf(process.platform === 'linux')(
    'of a gigabyte, or of a megabyte that unpacks to one, costs the worker nothing and the event is delivered once',
    async () => {
      const worker = await startWorker();
      await sendAll(['ok_warm']);
      await settled();
      const peakBefore = peakMegabytes(worker.pid);
      await sendAll(['huge-1000_1', 'bomb_1', 'huge-1000_2', 'bomb_2']);
      await settled();
      const { accepted } = await sink.report();
      for (const id of ['huge-1000_1', 'bomb_1', 'huge-1000_2', 'bomb_2'])
        expect(accepted[id]?.times).toBe(1);
      expect(peakMegabytes(worker.pid) - peakBefore).toBeLessThan(60);
    },
  );
});

function peakMegabytes(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;
}

describe('an id', () => {
  const ODD = [
    'ok_\r\nX-Injected: 1',
    'ok_a:b:c',
    'ok_*',
    'ok_[a-z]?\\*',
    'ok_"]) redis.call("FLUSHALL") --',
    'ok_%0d%0a',
    'ok_{voice-other}',
    'ok_\u0000\u2028ü',
    "ok_'; DROP TABLE calls; --",
    'ok_../../etc/passwd',
  ];

  it('and a call with CRLF, colons, globs or Lua are delivered as they are, signed, and nothing else happens', async () => {
    await startWorker();
    const queue = createCallEventQueue({ redis: redis.url });
    const events = ODD.flatMap((id) => [
      sampleEvent({ id: `${id}1`, thread_id: id }),
      sampleEvent({ id: `${id}2`, thread_id: id }),
    ]);
    await redis.client.set('bystander', 'still here');
    await queue.sendMany(events);
    await settled();
    await queue.close();
    const { accepted, requests } = await sink.report();
    for (const event of events) {
      const { body = '', times } = accepted[event.id] ?? {};
      expect(JSON.parse(Buffer.from(body, 'base64').toString())).toEqual(event);
      expect(times).toBe(1);
    }
    expect(requests.every(({ valid }) => valid)).toBe(true);
    expect(await redis.client.get('bystander')).toBe('still here');
  });

  it('that is a pattern finds no other letter', async () => {
    await startWorker();
    await sendAll(['status-422_a', 'status-422_b', 'status-422_*']);
    await settled();
    const { output } = await callpost(['dlq', 'list', '--id', 'status-422_*', '--output', 'json']);
    expect(output).toContain('status-422_*');
    expect(output).not.toContain('status-422_a');
    const none = await callpost(['dlq', 'list', '--id', '*']);
    expect(none.output).not.toContain('status-422_a');
  });
});
