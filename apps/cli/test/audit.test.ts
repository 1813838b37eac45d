import { sampleEvent, startRedis, type TestRedis } from '@callpost/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { jsonLines, makeDeadLetters, run } from './harness.js';

let redis: TestRedis;

beforeAll(async () => {
  redis = await startRedis();
  await makeDeadLetters(redis.url, [
    { event: sampleEvent({ id: 'a' }) },
    { event: sampleEvent({ id: 'b' }) },
    { event: sampleEvent({ id: 'c' }), record: { reason: 'http_404', status: 404 } },
  ]);
  await makeDeadLetters(redis.url, [{ event: sampleEvent({ id: 'd' }) }], 'support');
});
afterAll(() => redis.stop());

const callpost = (...args: string[]) => run(args, { redis: redis.url });

async function trail(...args: string[]) {
  return jsonLines((await callpost('audit', '-o', 'ndjson', ...args)).stdout);
}

test('nothing yet: exit 3', async () => {
  expect(await callpost('audit')).toEqual({
    exit: 3,
    stdout: '',
    stderr: 'callpost: nothing in the audit trail\n',
  });
});

test('a look at personal data is told before it is shown; a masked one is not', async () => {
  await callpost('dlq', 'show', 'a');
  expect(await trail()).toEqual([]);
  const { stdout, stderr } = await callpost(
    'dlq',
    'show',
    'a',
    '--reveal',
    '--as',
    'Kim',
    '--comment',
    'OPS-12',
  );
  expect(stdout).toContain('Jane Roe');
  expect(stderr).toBe('This shows personal data; that you looked is in the audit trail (callpost audit).\n');
  expect(await trail()).toEqual([
    {
      atMs: expect.any(Number),
      who: 'ops as Kim',
      via: 'cli',
      action: 'reveal',
      channel: 'default',
      filter: { ids: ['e.a'] },
      counts: { letters: 1 },
      comment: 'OPS-12',
    },
  ]);
});

test('an index built anew finds the letters again', async () => {
  await redis.client.del('bull:{voice-default}:callpost:causes', 'bull:{voice-default}:callpost:letters');
  const { exit, stdout } = await callpost('dlq', 'reindex');
  expect(exit).toBe(0);
  expect(stdout).toBe('CHANNEL  LETTERS\ndefault        3\nsupport        1\n');
  const { stdout: json } = await callpost('dlq', 'reindex', '--channel', 'support', '-o', 'json');
  expect(JSON.parse(json)).toEqual({ channels: [{ channel: 'support', letters: 1 }] });
  expect(
    (await trail('--limit', '3')).map(({ action, channel, counts }) => [action, channel, counts]),
  ).toEqual([
    ['reindex', 'support', { indexed: 1 }],
    ['reindex', 'support', { indexed: 1 }],
    ['reindex', 'default', { indexed: 3 }],
  ]);
});

test('what was refused, tried dry or not confirmed is not in it', async () => {
  const before = await trail();
  await callpost('replay', 'start', '--all', '--dry-run');
  await callpost('replay', 'start', '--reason', 'dns');
  await callpost('dlq', 'discard', '--all', '--yes');
  await callpost('dlq', 'export', '--reason', 'dns', '--reveal');
  expect(await trail()).toEqual(before);
});

test('a replay, with its comment, its filter and its counts by channel', async () => {
  const nowMs = Date.now();
  const args = ['--status', '422', '--since', '1h', '--yes', '--comment', 'assignee created'];
  expect((await run(['replay', 'start', ...args], { redis: redis.url, nowMs })).exit).toBe(0);
  const filter = { status: 422, sinceMs: nowMs - 3_600_000, untilMs: expect.any(Number) };
  expect(await trail('--limit', '2')).toMatchObject([
    {
      action: 'replay_start',
      channel: 'support',
      filter,
      counts: { planned: 1 },
      comment: 'assignee created',
    },
    {
      action: 'replay_start',
      channel: 'default',
      filter,
      counts: { planned: 2 },
      comment: 'assignee created',
    },
  ]);
});

test('columns, newest first, of all channels or of one', async () => {
  const { exit, stdout } = await callpost('audit', '--limit', '2');
  expect(exit).toBe(0);
  const [header, first, second, ...rest] = stdout.trimEnd().split('\n');
  expect(header).toMatch(/^WHEN +WHO +VIA +ACTION +CHANNEL +COUNTS +FILTER +RUN +COMMENT$/);
  expect(first).toMatch(
    /^20\S+Z +ops +cli +replay_start +support +planned 1 +HTTP status 422, died since 20\S+Z, died until 20\S+Z +\d{8}-\d{4}-\w{4} +assignee created$/,
  );
  expect(second).toContain(' planned 2 ');
  expect(rest).toEqual([]);
  const ofDefault = await trail('--channel', 'default', '--limit', '2');
  expect(ofDefault.map(({ action }) => action)).toEqual(['replay_start', 'reindex']);
  expect((await callpost('audit', '--channel', 'nowhere')).exit).toBe(3);
});
