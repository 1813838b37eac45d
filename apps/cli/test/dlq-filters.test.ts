import { createReplayer } from '@callpost/queue';
import { sampleEvent, startRedis, type TestRedis } from '@callpost/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { jsonLines, letDie, makeDeadLetters, run } from './harness.js';

/*
 * The filters, on the commands that only look: pages of letters, and what they died of.
 */

let redis: TestRedis;

const phone = (id: string) => ({
  event: sampleEvent({ id, thread_id: 'long-call' }),
  record: { excerpt: `{"error":"phone is invalid for event ${id.length}-${id.charCodeAt(0)}"}` },
});
const again = phone('d-again');

beforeAll(async () => {
  redis = await startRedis();
  // One after the other, since an event whose call goes on is taken before those of calls that have not begun.
  await makeDeadLetters(redis.url, [phone('a')]);
  await makeDeadLetters(redis.url, [
    { event: sampleEvent({ id: 'b' }), record: { reason: 'http_404', status: 404, excerpt: 'gone' } },
  ]);
  await makeDeadLetters(redis.url, [
    { ...phone('c'), record: { ...phone('c').record, possiblyDelivered: true } },
    again,
  ]);
  await makeDeadLetters(redis.url, [phone('e'), phone('both')], 'support');
  await makeDeadLetters(redis.url, [{ event: sampleEvent({ id: 'both' }), record: { excerpt: 'odd' } }]);
  const replayer = createReplayer({ redis: redis.client, channel: 'default', now: Date.now });
  expect(await replayer.replay('e.d-again')).toBe('replayed');
  await replayer.close();
  await letDie(redis.url, [again]);
});
afterAll(() => redis.stop());

const dlq = (...args: string[]) => run(['dlq', ...args], { redis: redis.url });

async function listed(...args: string[]): Promise<unknown[]> {
  const { stdout } = await dlq('list', '-o', 'ndjson', ...args);
  return jsonLines(stdout).map(({ eventId }) => eventId);
}

async function causes(...args: string[]) {
  const { stdout } = await dlq('causes', '-o', 'json', ...args);
  return JSON.parse(stdout) as { letters: number; causes: Array<Record<string, unknown>> };
}

const ALL = ['d-again', 'both', 'both', 'e', 'c', 'b', 'a'];

test.each<[string[], string[]]>([
  [[], ALL],
  [
    ['--id', 'a', 'b', '--id', 'zzz'],
    ['b', 'a'],
  ],
  [
    ['--id', 'both'],
    ['both', 'both'],
  ],
  [['--id', 'e.both', '--channel', 'support'], ['both']],
  [['--id', 'a', 'b', '--limit', '1'], ['b']],
  [
    ['--thread', 'long-call', '--channel', 'support'],
    ['both', 'e'],
  ],
  [
    ['--match', 'PHONE is'],
    ['d-again', 'both', 'e', 'c', 'a'],
  ],
  [['--replayed', 'any'], ['d-again']],
  [['--replayed', 'never'], ALL.slice(1)],
  [['--possibly-delivered', 'yes'], ['c']],
  [['--possibly-delivered', 'no', '--status', '404'], ['b']],
  [['--reason', 'http_422', '--match', 'odd'], ['both']],
  [['--limit', '2'], ALL.slice(0, 2)],
])('%j lists %j', async (args, expected) => {
  expect(await listed(...args)).toEqual(expected);
});

test.each([
  ['--cause', 'x', 'http_422.35wckeasdgsu9'],
  ['--cause', 'nonsense.35wckeasdgsu9', 'http_422.35wckeasdgsu9'],
  ['--reason', 'http_999', 'http_422'],
  ['--match', ' ', 'not blank'],
  ['--thread', '', 'not blank'],
  ['--id', '', 'not blank'],
  ['--replayed', 'twice', 'never, any'],
  ['--possibly-delivered', 'maybe', 'yes, no'],
  ['--status', '99', 'a whole number from 100 to 599'],
  ['--since', '2026-11-23', 'ISO 8601 with a zone'],
])('%s %j: exit 2, on every command alike', async (option, value, allowed) => {
  for (const command of [['list'], ['causes'], ['export'], ['discard']]) {
    const { exit, stdout, stderr } = await dlq(...command, option, value);
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' });
    expect(stderr).toMatch(
      new RegExp(`'${option} <.*' argument '${value}' is invalid\\. Allowed: .*${allowed}`),
    );
  }
});

test('page by page, each letter once, and at the end no cursor', async () => {
  const seen: unknown[] = [];
  let cursor: string | null = null;
  do {
    const after: string[] = cursor === null ? [] : ['--cursor', cursor];
    const page = await dlq('list', '--channel', 'default', '--limit', '2', '-o', 'json', ...after);
    const json = JSON.parse(page.stdout);
    expect(json.of).toBe(5);
    cursor = json.cursor;
    expect(page.stderr).toBe(cursor === null ? '' : `showing 2 of 5; more: --cursor ${cursor}\n`);
    seen.push(...json.letters.map((letter: { eventId: string }) => letter.eventId));
  } while (cursor !== null);
  expect(seen).toEqual(['d-again', 'both', 'c', 'b', 'a']);
});

test('a page that is full by chance is known to be the last', async () => {
  const { stdout, stderr } = await dlq('list', '--channel', 'support', '--limit', '2', '-o', 'json');
  expect(JSON.parse(stdout)).toMatchObject({ showing: 2, of: 2, cursor: null });
  expect(stderr).toBe('');
});

test.each([
  [['--cursor', '!!!', '--channel', 'default'], '--cursor: found text that is none'],
  [['--cursor', 'MTp4'], '--channel: found nothing, while --cursor is a place in one channel'],
  [['--cursor', 'MTp4', '--channel', 'default', '--id', 'a'], '--cursor: found --id beside it'],
])('%j is wrong usage', async (args, words) => {
  const { exit, stderr } = await dlq('list', ...args);
  expect(exit).toBe(2);
  expect(stderr).toContain(words);
});

test('causes, the same in two channels being one, and what to type next', async () => {
  const { exit, stdout, stderr } = await dlq('causes');
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  const lines = stdout.split('\n');
  expect(lines[0]).toBe('7 dead letters, 3 causes');
  expect(lines[2]).toMatch(/^LETTERS +CAUSE +REASON +CHANNELS +OLDEST +NEWEST +NEWEST ID +RESPONSE$/);
  expect(lines[3]).toMatch(
    /^ +5 +http_422\.\w{13} +http_422 +default, support +\S+ +\S+ +d-again +\{"error":"phone is invalid for event #"\}$/,
  );
  const [cause] = /http_422\.\w{13}/.exec(lines[3] ?? '') ?? [];
  expect(stdout).toMatch(
    new RegExp(
      `\nNext\n {2}callpost dlq list --cause ${cause}\n {2}callpost replay start --cause ${cause} --dry-run\n$`,
    ),
  );
  expect(await listed('--cause', String(cause))).toEqual(['d-again', 'both', 'e', 'c', 'a']);
});

test.each<[string[], number[]]>([
  [['--channel', 'support'], [2]],
  [['--reason', 'http_404'], [1]],
  [['--match', 'PHONE'], [5]],
  // These are counted by reading.
  [['--possibly-delivered', 'yes'], [1]],
  [
    ['--replayed', 'never', '--since', '1h'],
    [4, 1, 1],
  ],
  [
    ['--id', 'a', 'b', 'c'],
    [2, 1],
  ],
  [['--thread', 'long-call', '--reason', 'http_422'], [5]],
])('causes with %j: %j letters each', async (args, counts) => {
  const { letters, causes: found } = await causes(...args);
  expect(found.map(({ count }) => count)).toEqual(counts);
  expect(letters).toBe(counts.reduce((sum, count) => sum + count));
});

test('no cause is exit 3', async () => {
  expect(await dlq('causes', '--match', 'teapot')).toEqual({
    exit: 3,
    stdout: '',
    stderr: 'callpost: no dead letter with a response like "teapot"\n',
  });
});

test('a letter that died again shows its attempts by life', async () => {
  const { stdout } = await dlq('show', 'd-again');
  expect(stdout).toMatch(/\ncause +http_422\.\w{13}\ncall +thread:long-call\n/);
  expect(stdout).toMatch(
    /\n2 attempts\n1 attempt before the first replay:\n *#.*\n *1 .*\n1 attempt after replay 1:\n *#.*\n *1 /,
  );
});
