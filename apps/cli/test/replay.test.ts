import { countDeadLetters, findDeadLetter } from '@callpost/queue';
import { eventually, sampleEvent, startRedis, type TestRedis } from '@callpost/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { keyboard, makeDeadLetters, openConnection, run, startRun } from './harness.js';

let redis: TestRedis;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
beforeEach(async () => {
  await redis.client.flushall();
  await makeDeadLetters(redis.url, [
    { event: sampleEvent({ id: 'a' }) },
    { event: sampleEvent({ id: 'b' }), record: { reason: 'http_404', status: 404 } },
    { event: sampleEvent({ id: 'c' }), record: { possiblyDelivered: true } },
  ]);
});

const start = (...args: string[]) => run(['replay', 'start', ...args], { redis: redis.url });

async function deadIds(): Promise<string[]> {
  const connection = await openConnection(redis.url);
  const letters = await Promise.all(['a', 'b', 'c'].map((id) => findDeadLetter(connection, 'default', id)));
  connection.disconnect();
  return letters.flatMap((letter) => letter?.eventId ?? []);
}

test('one letter by its id needs no further word', async () => {
  expect(await start('--id', 'b')).toEqual({
    exit: 0,
    stdout: 'Replayed 1 of 1 dead letter.\n',
    stderr: '',
  });
  expect(await deadIds()).toEqual(['a', 'c']);
});

test('an id that is no dead letter: exit 3 alone, exit 4 beside others', async () => {
  expect(await start('--id', 'zzz')).toEqual({
    exit: 3,
    stdout: '',
    stderr: 'no dead letter has the id zzz\ncallpost: no dead letter with these ids; nothing was replayed\n',
  });
  const { exit, stdout } = await start('--id', 'a', 'zzz', '-o', 'json');
  expect(exit).toBe(4);
  expect(JSON.parse(stdout)).toEqual({
    dryRun: false,
    chosen: 1,
    replayed: 1,
    notDead: 0,
    left: 0,
    missing: ['zzz'],
  });
});

test('a filter, in the order the events came', async () => {
  const { exit, stdout, stderr } = await start(
    '--status',
    '422',
    '--yes',
    '--comment',
    'fixed',
    '-o',
    'ndjson',
  );
  expect(exit).toBe(0);
  expect(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { channel: 'default', eventId: 'a', jobId: 'e.a', outcome: 'replayed' },
    { channel: 'default', eventId: 'c', jobId: 'e.c', outcome: 'replayed' },
  ]);
  expect(stderr).toBe('Replayed 2 of 2 dead letters.\n');
  expect(await deadIds()).toEqual(['b']);
});

test('letters of all channels, or of the one that is named', async () => {
  await makeDeadLetters(redis.url, [{ event: sampleEvent({ id: 'a' }) }], 'support');
  expect((await start('--all', '--channel', 'support')).stdout).toBe('Replayed 1 of 1 dead letter.\n');
  expect((await start('--all', '--yes', '--comment', 'fixed')).stdout).toBe(
    'Replayed 3 of 3 dead letters.\n',
  );
});

test.each([
  [
    [],
    'found nothing that says which; allowed: exactly one of a filter (--id, --reason, --status, --cause, …) and --all',
  ],
  [['--all', '--reason', 'http_404'], 'found a filter and --all'],
  [
    ['--since', '1h', '--comment', ' '],
    "'--comment <text>' argument ' ' is invalid. Allowed: text of 1 to 500",
  ],
  [
    ['--all', '--yes'],
    '--comment: found nothing; allowed: a comment, since 3 dead letters would be replayed',
  ],
  [['--since', '1h', '--until', '2h'], '--since: found 20'],
])('%j is wrong usage', async (args, words) => {
  const { exit, stdout, stderr } = await start(...args);
  expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' });
  expect(stderr).toContain(words);
  expect(await deadIds()).toEqual(['a', 'b', 'c']);
});

test('no match is exit 3', async () => {
  expect(await start('--reason', 'dns')).toEqual({
    exit: 3,
    stdout: '',
    stderr: 'callpost: no dead letter with reason dns; nothing was replayed\n',
  });
});

test('several letters need --yes where nobody can be asked', async () => {
  const { exit, stderr } = await start('--all', '--comment', 'fixed');
  expect(exit).toBe(2);
  expect(stderr).toContain('--yes: found nothing; allowed: --yes, since 3 dead letters would be replayed');
  expect(await deadIds()).toEqual(['a', 'b', 'c']);
});

test('a dry run tells the numbers and changes nothing', async () => {
  const { exit, stdout } = await start('--all', '--dry-run');
  expect(exit).toBe(0);
  expect(stdout).toMatch(/^dead letters +3\nchannels +default 3\nreasons +http_422 2, http_404 1\n/);
  expect(stdout).toContain('maybe 1 of them');
  const json = JSON.parse((await start('--all', '--dry-run', '-o', 'json')).stdout);
  expect(json).toMatchObject({ dryRun: true, chosen: 3, byReason: { http_422: 2, http_404: 1 } });
  expect(await deadIds()).toEqual(['a', 'b', 'c']);
});

test.each([
  ['3\n', 0, []],
  ['2\n', 1, ['a', 'b', 'c']],
  ['y\n', 1, ['a', 'b', 'c']],
  [null, 1, ['a', 'b', 'c']],
])('a person who types %j gets exit %i', async (typed, exit, dead) => {
  const stdin = keyboard();
  stdin.end(typed ?? '');
  const ran = await run(['replay', 'start', '--all', '--comment', 'fixed'], {
    redis: redis.url,
    stdin,
    columns: 80,
  });
  expect(ran.exit).toBe(exit);
  expect(ran.stderr).toContain('Type the number of dead letters to replay them: ');
  expect(await deadIds()).toEqual(dead);
});

test('Ctrl-C at the question replays nothing', async () => {
  const interrupt = new AbortController();
  const { running, output } = startRun(['replay', 'start', '--all', '--comment', 'fixed'], {
    redis: redis.url,
    stdin: keyboard(),
    columns: 80,
    interrupted: interrupt.signal,
  });
  await eventually(() => output().stderr.includes('Type the number'));
  interrupt.abort();
  expect(await running).toBe(130);
  expect(await deadIds()).toEqual(['a', 'b', 'c']);
});

test('Ctrl-C in the middle says what is left, and it is still there', async () => {
  const interrupt = new AbortController();
  const { running, output } = startRun(
    ['replay', 'start', '--all', '--yes', '--comment', 'fixed', '--max-rate', '1/m'],
    {
      redis: redis.url,
      interrupted: interrupt.signal,
    },
  );
  await eventually(async () => (await deadIds()).length === 2);
  interrupt.abort();
  expect(await running).toBe(130);
  expect(output()).toEqual({
    stdout: 'Replayed 1 of 3 dead letters.\n',
    stderr: 'The other 2 are still dead letters; the same command goes on with them.\n',
  });
  expect(await deadIds()).toEqual(['b', 'c']);
});

test('a letter that somebody else replayed meanwhile is left alone: exit 4', async () => {
  const { running, output } = startRun(
    ['replay', 'start', '--all', '--yes', '--comment', 'fixed', '--max-rate', '20/m'],
    {
      redis: redis.url,
    },
  );
  await eventually(async () => (await deadIds()).length === 2);
  expect((await start('--id', 'c')).exit).toBe(0);
  expect(await running).toBe(4);
  expect(output()).toEqual({
    stdout: 'Replayed 2 of 3 dead letters; 1 no longer dead, and left alone.\n',
    stderr: 'no longer dead: c\n',
  });
});

test('Redis goes away in the middle: exit 7, after saying how far it got', async () => {
  const { running, output } = startRun(
    ['replay', 'start', '--all', '--yes', '--comment', 'fixed', '--max-rate', '20/m'],
    {
      redis: redis.url,
    },
  );
  await eventually(async () => (await deadIds()).length === 2);
  await redis.crash();
  expect(await running).toBe(7);
  expect(output().stdout).toBe('Replayed 1 of 3 dead letters.\n');
  expect(output().stderr).toMatch(
    /^The other 2, but perhaps one, are still dead letters.*\ncallpost: Redis is not available: .*\n$/,
  );
  await redis.restart();
  const connection = await openConnection(redis.url);
  expect(await countDeadLetters(connection, 'default')).toBe(2);
  connection.disconnect();
});
