import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  eventually,
  type Program,
  redisSpeaksTls,
  type Sink,
  sampleEvent,
  startProgram,
  startSink,
  startTlsRedis,
  type TestTlsRedis,
} from '@callpost/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const WORKER = path('../../../apps/worker/dist/main.js');
const CLI = path('../../../apps/cli/dist/main.js');
const AUTHORITY = path('../tls/ca.pem');
const TRUSTS = { NODE_EXTRA_CA_CERTS: AUTHORITY };
const SECRET = 'right';

let sink: Sink;
const started: { stop(): Promise<unknown> }[] = [];
beforeAll(async () => {
  sink = await startSink(SECRET);
});
afterEach(async () => {
  for (const one of started.splice(0)) await one.stop();
});
afterAll(() => sink.stop());

/** @param certificate which of the folder `tls` it shows */
async function startRedisWith(certificate: string): Promise<TestTlsRedis> {
  const redis = await startTlsRedis({
    certificate: path(`../tls/${certificate}.pem`),
    authority: AUTHORITY,
  });
  started.push(redis);
  return redis;
}

function startWorker(environment: Readonly<Record<string, string>>): Program {
  const worker = startProgram(WORKER, {
    REAMAZE_URL: sink.url,
    REAMAZE_SHARED_SECRET: SECRET,
    METRICS_PORT: '0',
    ...environment,
  });
  const stop = () => {
    worker.kill('SIGKILL');
    return worker.exited();
  };
  // Before Redis is stopped, which was started before.
  started.unshift({ stop });
  return worker;
}

/** `callpost send` of one event, and what it says. */
function send(id: string, environment: Readonly<Record<string, string>>) {
  return callpost(['send', '-'], environment, `${JSON.stringify(sampleEvent({ id }))}\n`);
}

function callpost(args: readonly string[], environment: Readonly<Record<string, string>>, input = '') {
  return new Promise<{ code: number; output: string }>((resolve) => {
    const child = execFile(
      process.execPath,
      [CLI, ...args],
      { env: { PATH: process.env.PATH, ...environment } },
      (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr }),
    );
    child.stdin?.end(input);
  });
}

const itOverTls = it.skipIf(!redisSpeaksTls());

itOverTls.each([
  ['a server', 'ok_server', ({ tlsUrl }: TestTlsRedis) => tlsUrl],
  ['sentinels', 'ok_sentinel', ({ sentinelUrl }: TestTlsRedis) => sentinelUrl],
])("an event goes all the way through %s over TLS, with an authority of one's own", async (_, id, urlOf) => {
  const redis = await startRedisWith('valid');
  const environment = { REDIS_URL: urlOf(redis), ...TRUSTS };
  expect(await send(id, environment)).toMatchObject({ code: 0 });
  const worker = startWorker(environment);
  await worker.line({ msg: 'attempt', eventId: id, outcome: 'delivered' });
  expect((await sink.report()).accepted).toHaveProperty(id);
  worker.kill('SIGTERM');
  expect(await worker.exited()).toBe(0);
});

describe('whoever would send or take refuses a Redis', () => {
  itOverTls.each([
    ['whose authority is unknown', 'valid', {}, /certificate/],
    ['whose certificate has expired', 'expired', TRUSTS, /certificate has expired/],
    ['whose certificate is for another host', 'other-host', TRUSTS, /does not match certificate/],
  ])('%s', async (_, certificate, trusts: Readonly<Record<string, string>>, why) => {
    const redis = await startRedisWith(certificate);
    for (const url of [redis.tlsUrl, redis.sentinelUrl]) {
      const environment = { REDIS_URL: url, ...trusts };
      const { code, output } = await send('ok_never', environment);
      expect(code).not.toBe(0);
      expect(output).toMatch(why);
      const { output: diagnosis } = await callpost(['doctor'], environment);
      expect(diagnosis).toMatch(why);
      expect(diagnosis).toContain('NODE_EXTRA_CA_CERTS');
      const worker = startWorker(environment);
      await worker.line({ level: 50 });
      await eventually(() => expect(worker.output()).toMatch(why));
    }
    expect(await redis.client.dbsize()).toBe(0);
  });
});
