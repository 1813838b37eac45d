import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { countDeadLetters } from '@callpost/queue';
import { eventually, sampleEvent, startRedis, type TestRedis } from '@callpost/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { chooseLetters } from '../src/choosing/choose-letters.js';
import type { Context } from '../src/context.js';
import { discardLetters } from '../src/discarding/discard-letters.js';
import { jsonLines, keyboard, makeDeadLetters, openConnection, run, startRun } from './harness.js';

let redis: TestRedis;
let directory: string;

beforeAll(async () => {
  redis = await startRedis();
  directory = mkdtempSync(join(tmpdir(), 'callpost-'));
});
afterAll(async () => {
  await redis.stop();
  rmSync(directory, { recursive: true });
});
beforeEach(async () => {
  await redis.client.flushall();
  await makeDeadLetters(redis.url, [
    { event: sampleEvent({ id: 'a' }) },
    { event: sampleEvent({ id: 'b' }), record: { reason: 'http_404', status: 404 } },
    { event: sampleEvent({ id: 'c' }) },
  ]);
});

const discard = (...args: string[]) => run(['dlq', 'discard', ...args], { redis: redis.url });
const WHY = ['--comment', 'test calls'];

async function left(): Promise<unknown[]> {
  const { stdout } = await run(['dlq', 'list', '-o', 'ndjson'], { redis: redis.url });
  return jsonLines(stdout).map(({ eventId }) => eventId);
}

async function trail() {
  return jsonLines((await run(['audit', '-o', 'ndjson'], { redis: redis.url })).stdout);
}

test('one letter needs no further word, is gone for good, and is in the trail', async () => {
  expect(await discard('--id', 'b')).toEqual({
    exit: 0,
    stdout: 'Discarded 1 of 1 dead letter.\n',
    stderr: '',
  });
  expect(await left()).toEqual(['c', 'a']);
  const what = { who: 'ops', via: 'cli', action: 'discard', channel: 'default', filter: { ids: ['b'] } };
  expect(await trail()).toMatchObject([
    { ...what, counts: { discarded: 1 }, comment: null },
    { ...what, counts: { chosen: 1 }, comment: null },
  ]);
});

test('a filter, of every channel or of one', async () => {
  await makeDeadLetters(redis.url, [{ event: sampleEvent({ id: 'd' }) }], 'support');
  const { exit, stdout } = await discard('--status', '422', '--yes', ...WHY, '-o', 'ndjson');
  expect(exit).toBe(0);
  expect(jsonLines(stdout)).toEqual([
    { channel: 'default', eventId: 'c', jobId: 'e.c', outcome: 'discarded' },
    { channel: 'default', eventId: 'a', jobId: 'e.a', outcome: 'discarded' },
    { channel: 'support', eventId: 'd', jobId: 'e.d', outcome: 'discarded' },
  ]);
  expect(await left()).toEqual(['b']);
  expect((await trail()).map(({ channel, counts, comment }) => [channel, counts, comment])).toEqual([
    ['support', { discarded: 1 }, 'test calls'],
    ['default', { discarded: 2 }, 'test calls'],
    ['support', { chosen: 1 }, 'test calls'],
    ['default', { chosen: 2 }, 'test calls'],
  ]);
});

test.each([
  [[], 2, 'dead letters: found nothing that says which'],
  [['--all', '--status', '422'], 2, 'found a filter and --all'],
  [
    ['--all', '--yes'],
    2,
    '--comment: found nothing; allowed: a comment, since 3 dead letters would be discarded',
  ],
  [['--all', ...WHY], 2, '--yes: found nothing; allowed: --yes, since 3 dead letters would be discarded'],
  [['--all', '--yes', ...WHY, '--reveal'], 2, '--reveal: found no --export'],
  [['--all', '--yes', ...WHY, '--export', '/nowhere/x'], 2, '--export: found no such directory'],
  [['--reason', 'dns'], 3, 'no dead letter with reason dns; nothing was discarded'],
  [['--all', '--dry-run'], 0, ''],
])('%j: exit %i, and nothing is removed', async (args, exit, words) => {
  const ran = await discard(...args);
  expect(ran.exit).toBe(exit);
  expect(ran.stderr).toContain(words);
  expect(await left()).toEqual(['c', 'b', 'a']);
  expect(await trail()).toEqual([]);
});

test.each([
  ['3\n', 0, []],
  ['yes\n', 1, ['c', 'b', 'a']],
])('a person who types %j gets exit %i', async (typed, exit, expected) => {
  const stdin = keyboard();
  stdin.end(typed);
  const ran = await run(['dlq', 'discard', '--all', ...WHY], { redis: redis.url, stdin, columns: 80 });
  expect(ran.exit).toBe(exit);
  expect(ran.stderr).toMatch(/kept in.*nothing: there is no way back\n/);
  expect(ran.stderr).toContain('Type the number of dead letters to discard them: ');
  expect(await left()).toEqual(expected);
});

test('--export has every letter on the disk, for its owner only, before it is gone', async () => {
  const file = join(directory, 'gone.ndjson');
  expect((await discard('--all', '--yes', ...WHY, '--export', file)).exit).toBe(0);
  expect(await left()).toEqual([]);
  const text = readFileSync(file, 'utf8');
  expect(jsonLines(text).map(({ eventId, reason }) => [eventId, reason])).toEqual([
    ['c', 'http_422'],
    ['b', 'http_404'],
    ['a', 'http_422'],
  ]);
  expect(text).not.toMatch(/Jane|5105550199/);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('--reveal keeps the events as they are, and is in the trail', async () => {
  const file = join(directory, 'revealed.ndjson');
  expect((await discard('--id', 'a', '--export', file, '--reveal')).exit).toBe(0);
  expect(jsonLines(readFileSync(file, 'utf8'))).toMatchObject([{ event: sampleEvent({ id: 'a' }) }]);
  expect((await trail()).map(({ action }) => action)).toEqual(['discard', 'reveal', 'discard']);
});

test('a file that is there is never written over', async () => {
  const file = join(directory, 'earlier.ndjson');
  writeFileSync(file, 'the only copy\n');
  const { exit, stderr } = await discard('--id', 'a', '--export', file);
  expect(exit).toBe(2);
  expect(stderr).toContain('--export: found a file that is there already; allowed: a new file');
  expect(readFileSync(file, 'utf8')).toBe('the only copy\n');
  expect(await left()).toEqual(['c', 'b', 'a']);
});

test('letters that somebody else took meanwhile, or that died anew, are left alone: exit 4', async () => {
  const stdin = keyboard();
  const { running, output } = startRun(['dlq', 'discard', '--all', ...WHY], {
    redis: redis.url,
    stdin,
    columns: 80,
  });
  await eventually(() => output().stderr.includes('Type the number'));
  await discard('--id', 'a');
  await redis.client.hincrby('bull:{voice-default}:e.b', 'finishedOn', 1);
  stdin.end('3\n');
  expect(await running).toBe(4);
  expect(output().stdout).toBe('Discarded 1 of 3 dead letters; 2 no longer dead, and left alone.\n');
  expect(output().stderr).toContain('no longer dead: b');
  expect(await left()).toEqual(['b']);
  expect((await trail())[0]).toMatchObject({ counts: { discarded: 1, notDead: 2 } });
});

test('a letter that dies anew between being read and being removed is left alone too', async () => {
  const connection = await openConnection(redis.url);
  const { letters } = await chooseLetters(connection, ['default'], {});
  const stream = new PassThrough().resume();
  const { outcomes } = await discardLetters(letters, {
    redis: connection,
    filter: {},
    file: {
      append: async () => void (await redis.client.hincrby('bull:{voice-default}:e.b', 'finishedOn', 1)),
      close: async () => undefined,
    },
    context: {
      terminal: { stdin: stream, stdout: stream, stderr: stream },
      form: 'table',
      interrupted: new AbortController().signal,
    } as unknown as Context,
  });
  connection.disconnect();
  expect([outcomes.count('discarded'), outcomes.count('not_dead')]).toEqual([2, 1]);
  expect(await left()).toEqual(['b']);
});

test('more letters than are removed at a time', async () => {
  const events = Array.from({ length: 350 }, (_, index) => ({ event: sampleEvent({ id: `many-${index}` }) }));
  await makeDeadLetters(redis.url, events, 'support');
  const { exit, stdout } = await discard('--channel', 'support', '--all', '--yes', ...WHY);
  expect({ exit, stdout }).toEqual({ exit: 0, stdout: 'Discarded 350 of 350 dead letters.\n' });
  const connection = await openConnection(redis.url);
  expect(await countDeadLetters(connection, 'support')).toBe(0);
  connection.disconnect();
  expect(await left()).toEqual(['c', 'b', 'a']);
});
