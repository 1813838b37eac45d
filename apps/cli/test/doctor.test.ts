import { createCallEventQueue } from '@callpost/queue';
import {
  sampleEvent,
  startEndpoint,
  startRedis,
  status,
  type TestEndpoint,
  type TestRedis,
} from '@callpost/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type RunOptions, run } from './harness.js';

let safe: TestRedis;
let unsafe: TestRedis;
let endpoint: TestEndpoint;

beforeAll(async () => {
  [safe, unsafe, endpoint] = await Promise.all([
    startRedis(),
    startRedis(['--appendonly', 'no', '--maxmemory-policy', 'allkeys-lru']),
    startEndpoint(),
  ]);
});
afterAll(() => Promise.all([safe.stop(), unsafe.stop(), endpoint.stop()]));
beforeEach(() => endpoint.answerWith(status(405)));

interface Check {
  readonly check: string;
  readonly verdict: string;
  readonly found: string;
  readonly advice: string | null;
}

async function diagnose(options: RunOptions): Promise<{ exit: number; checks: Record<string, Check> }> {
  const { exit, stdout } = await run(['doctor', '-o', 'json'], options);
  const { checks } = JSON.parse(stdout) as { checks: Check[] };
  return { exit, checks: Object.fromEntries(checks.map((check) => [check.check, check])) };
}

const environment = () => ({ REAMAZE_SHARED_SECRET: 's3cret', REAMAZE_URL: `${endpoint.origin}/voice` });

test('all is well: exit 0, no advice, nothing posted, and no secret shown', async () => {
  const options = { redis: safe.url, env: environment() };
  const { exit, checks } = await diagnose(options);
  expect(exit).toBe(0);
  expect(Object.values(checks).filter(({ verdict, advice }) => verdict !== 'ok' || advice !== null)).toEqual(
    [],
  );
  expect(Object.keys(checks)).toEqual([
    'redis',
    'redis version',
    'redis maxmemory-policy',
    'redis appendonly',
    'redis appendfsync',
    'redis memory',
    'redis clock',
    'secret of default',
    'endpoint of default',
  ]);
  expect(checks['endpoint of default']?.found).toMatch(/^http:\/\/127\.0\.0\.1:\d+: HTTP 405 in \d+ ms$/);
  const { stdout, stderr } = await run(['doctor'], options);
  expect(stdout).toMatch(/^CHECK +VERDICT +FOUND +WANTED\nredis +ok +reachable +reachable\n/);
  expect(stdout + stderr).not.toContain('s3cret');
});

test('a Redis that is set up to lose events: exit 1, and what to do', async () => {
  const { exit, checks } = await diagnose({ redis: unsafe.url, env: environment() });
  expect(exit).toBe(1);
  expect(checks['redis appendonly']).toMatchObject({ verdict: 'loses events', found: 'no' });
  expect(checks['redis maxmemory-policy']).toMatchObject({ verdict: 'loses events', found: 'allkeys-lru' });
  const { stdout } = await run(['doctor'], { redis: unsafe.url, env: environment() });
  expect(stdout).toMatch(/\nredis appendonly +A restart of Redis loses what came since its last snapshot\./);
});

test('secrets: missing where the channel is configured, a warning where it is only in Redis', async () => {
  const queue = createCallEventQueue({ redis: safe.url, channel: 'elsewhere' });
  await queue.send(sampleEvent({ id: 'a' }));
  await queue.close();
  const file = `channels: [{ name: billing, secretFile: /none, url: "${endpoint.origin}/b" }]`;
  const env = { ...environment(), CHANNELS_FILE: '/channels.yaml' };
  const { exit, checks } = await diagnose({ redis: safe.url, env, files: { '/channels.yaml': file } });
  expect(exit).toBe(1);
  expect(checks['secret of default']?.verdict).toBe('ok');
  expect(checks['secret of billing']).toMatchObject({ verdict: 'missing', found: 'nothing (file /none)' });
  expect(checks['secret of elsewhere']).toMatchObject({ verdict: 'warning' });
  await safe.client.flushall();
});

test('a configuration with a fault: its name, what was found, what is allowed', async () => {
  const { exit, checks } = await diagnose({ redis: safe.url });
  expect(exit).toBe(1);
  expect(checks['config REAMAZE_SHARED_SECRET']).toMatchObject({ verdict: 'missing', found: 'nothing' });
});

test('endpoints: a redirect is a warning, and where nobody listens is unreachable', async () => {
  endpoint.answerWith(status(302, { location: 'https://example.org/' }));
  const redirected = await diagnose({ redis: safe.url, env: environment() });
  expect(redirected.exit).toBe(0);
  expect(redirected.checks['endpoint of default']).toMatchObject({ verdict: 'warning' });

  const env = { ...environment(), REAMAZE_URL: 'http://127.0.0.1:1/voice' };
  const refused = await diagnose({ redis: safe.url, env });
  expect(refused.exit).toBe(1);
  expect(refused.checks['endpoint of default']).toMatchObject({
    verdict: 'unreachable',
    found: 'http://127.0.0.1:1: ECONNREFUSED',
  });
});

test('without Redis it still checks the rest: exit 7', async () => {
  const { exit, checks } = await diagnose({ env: environment() });
  expect(exit).toBe(7);
  expect(checks.redis).toMatchObject({ verdict: 'no Redis' });
  expect(checks['secret of default']?.verdict).toBe('ok');
  expect(checks['endpoint of default']?.verdict).toBe('ok');
});
