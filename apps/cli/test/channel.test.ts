import { readAudit } from '@callpost/queue';
import { startRedis, type TestRedis } from '@callpost/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { run } from './harness.js';

let redis: TestRedis;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
beforeEach(async () => {
  await redis.client.flushall();
  await redis.client.sadd('callpost:channels', 'support', 'sales');
});

const channel = (...args: string[]) => run(['channel', ...args], { redis: redis.url });

/** As a worker would have left it. */
async function brake(fields: Record<string, string | number>, name = 'support'): Promise<void> {
  await redis.client.hset(`bull:{voice-${name}}:callpost:brake`, { epoch: 3, ...fields });
}

test('list says of each channel how it is doing, for how long, and what it waits for', async () => {
  const nowMs = Date.now();
  await brake({ state: 'held', since: nowMs - 192_000, status: 401, probeAt: nowMs + 30_000 });
  const { stdout, exit } = await channel('list');
  expect(exit).toBe(0);
  expect(stdout).toMatch(/^CHANNEL +STATE +FOR +MORE\nsales +flowing +- +-\n/);
  expect(stdout).toMatch(
    /support +held +3m 12s +Re:amaze refuses it with HTTP 401; one event is tried in (29|30)s\n$/,
  );
  expect(JSON.parse((await channel('list', '--channel', 'support', '-o', 'json')).stdout)).toMatchObject({
    channels: [{ channel: 'support', state: 'held', status: 401, pause: null }],
  });
});

test.each([
  ['braked', { probeAt: Date.now() - 5_000 }, /Re:amaze fails; the next event is tried alone/],
  ['recovering', { window: 7, steadyAt: Date.now() }, /at most 7 in flight/],
  ['waiting', { untilMs: Date.now() + 100_000 }, /Re:amaze asked for it; goes on in 1m [34]\d?s/],
])('list: %s', async (state, fields, words) => {
  await brake({ state, since: Date.now() - 60_000, ...fields });
  const { stdout } = await channel('list', '--channel', 'support');
  expect(stdout).toContain(state);
  expect(stdout).toMatch(words);
});

test('pause and resume: who and why are shown, and in the audit trail', async () => {
  const paused = await channel('pause', 'support', '--reason', 'maintenance, OPS-12', '--as', 'Kim');
  expect(paused).toEqual({
    exit: 0,
    stdout: 'Paused support. Its events wait until callpost channel resume support.\n',
    stderr: '',
  });
  expect((await channel('list')).stdout).toMatch(/support +paused +0s +by ops as Kim: maintenance, OPS-12\n/);
  expect((await run(['status'], { redis: redis.url })).stdout).toMatch(/\nsupport +paused +0 /);
  expect(await channel('pause', 'support', '--reason', 'again')).toMatchObject({
    exit: 1,
    stderr: expect.stringMatching(
      /^callpost: cannot pause the channel support: it is paused for \d+s \(by ops as Kim: maintenance, OPS-12\)\n$/,
    ),
  });
  expect((await channel('resume', 'support')).stdout).toBe('Resumed support. It flows again.\n');
  expect(await channel('resume', 'support')).toMatchObject({
    exit: 1,
    stderr: 'callpost: cannot resume the channel support: it is flowing\n',
  });
  expect(await readAudit(redis.client, 5)).toMatchObject([
    { action: 'channel_resume', who: 'ops', via: 'cli', channel: 'support', comment: null },
    { action: 'channel_pause', who: 'ops as Kim', channel: 'support', comment: 'maintenance, OPS-12' },
  ]);
  expect((await run(['audit'], { redis: redis.url })).stdout).toMatch(
    /ops as Kim +cli +channel_pause +support +- +- +- +maintenance, OPS-12/,
  );
});

test('release lets a held channel go on, and leaves a pause alone', async () => {
  await brake({ state: 'held', since: Date.now() - 1_000, status: 404, probeAt: Date.now() + 30_000 });
  await channel('pause', 'support', '--reason', 'OPS-1');
  const { exit, stdout } = await channel('release', 'support', '-o', 'json');
  expect(exit).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ state: 'paused', brake: 'recovering', window: 1 });
  expect(await channel('release', 'support')).toMatchObject({ exit: 1 });
  expect((await channel('resume', 'support')).stdout).toBe(
    'Resumed support. It is recovering: at most 1 in flight.\n',
  );
});

test.each([
  [['pause', 'support'], 2, /required option '--reason <text>'/],
  [['pause', 'support', '--reason', ' '], 2, /--reason/],
  [['pause', 'no such', '--reason', 'x'], 2, /'no such' is invalid/],
  [['pause', 'suport', '--reason', 'x'], 3, /no channel suport in this Redis; there is: sales, support/],
  [['resume'], 2, /missing required argument 'name'/],
])('%j: exit %i', async (args, exit, words) => {
  const ran = await channel(...args);
  expect(ran).toMatchObject({ exit, stdout: '' });
  expect(ran.stderr).toMatch(words);
});
