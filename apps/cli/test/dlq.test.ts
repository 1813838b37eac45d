import { sampleEvent, startRedis, type TestRedis } from '@callpost/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeDeadLetters, run } from './harness.js';

let redis: TestRedis;
const HOUR_MS = 3_600_000;

beforeAll(async () => {
  redis = await startRedis();
  await makeDeadLetters(redis.url, [
    { event: sampleEvent({ id: 'refused' }) },
    {
      event: sampleEvent({ id: 'old', direction: 'outbound' }),
      record: {
        reason: 'expired',
        lastReason: 'http_5xx',
        status: 503,
        attempt: 150,
        possiblyDelivered: true,
      },
    },
    {
      event: sampleEvent({ id: 'evil-\x1b]0;title\x07' }),
      record: { reason: 'http_404', status: 404, excerpt: `gone\n\x1b[2J ${'long '.repeat(40)}` },
    },
  ]);
  await makeDeadLetters(redis.url, [{ event: sampleEvent({ id: 'elsewhere' }) }], 'support');
});
afterAll(() => redis.stop());

const later = (hours: number) => ({ redis: redis.url, nowMs: Date.now() + hours * HOUR_MS });

async function listed(args: readonly string[], hours = 0): Promise<Array<Record<string, unknown>>> {
  const { stdout } = await run(['dlq', 'list', '-o', 'ndjson', ...args], later(hours));
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

const ids = async (args: readonly string[], hours = 0) =>
  (await listed(args, hours)).map(({ eventId }) => eventId);

test('letters of all channels, newest first, in columns that are safe to look at', async () => {
  const { exit, stdout, stderr } = await run(['dlq', 'list'], later(2));
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  const lines = stdout.trimEnd().split('\n');
  expect(lines[0]).toMatch(
    /^DIED +CHANNEL +EVENT ID +REASON +HTTP +ATTEMPTS +REPLAYS +DELIVERED +CAUSE +CUSTOMER +RESPONSE$/,
  );
  expect(lines[1]).toMatch(
    /^ *2h.* support +elsewhere +http_422 +422 +1 +0 +no +http_422\.\w{13} +\+1510•••0199 +\{"error"/,
  );
  expect(lines[2]).toContain('evil-\\x1b]0;title\\x07');
  expect(lines[2]).toContain('gone\\n\\x1b[2J long');
  expect(lines[3]).toMatch(/ old +expired \(http_5xx\) +503 +150 +0 +maybe +expired\.\w{13} +\+1650•••0100 /);
  expect(lines[4]).toContain(' refused ');
  expect(stdout).not.toContain('Jane');
  expect(stdout).not.toContain('\x1b');
});

test.each([40, 60, 80, 120])('in a terminal of %i columns no line is wider', async (columns) => {
  const { stdout } = await run(['dlq', 'list', '--no-color'], { ...later(0), columns });
  const widths = stdout.split('\n').map((line) => line.length);
  expect(Math.max(...widths.slice(0, 5))).toBeLessThanOrEqual(columns);
});

test.each<[string[], string[]]>([
  [[], ['elsewhere', 'evil-\x1b]0;title\x07', 'old', 'refused']],
  [['--channel', 'support'], ['elsewhere']],
  [['--reason', 'expired'], ['old']],
  [
    ['--status', '422'],
    ['elsewhere', 'refused'],
  ],
  [['--reason', 'http_422', '--channel', 'default'], ['refused']],
])('%j lists %j', async (args, expected) => {
  expect(await ids(args)).toEqual(expected);
});

test('moments are the time of death, relative ones counted from now', async () => {
  expect(await ids(['--since', '3h'], 2)).toHaveLength(4);
  expect(await ids(['--until', '1h'], 2)).toHaveLength(4);
  expect(await ids(['--since', '1h'], 2)).toEqual([]);
  expect(await ids(['--until', '3h'], 2)).toEqual([]);
  expect(await ids(['--since', new Date(Date.now() - HOUR_MS).toISOString()])).toHaveLength(4);
});

test('the JSON of a letter has nothing personal in it', async () => {
  const [letter] = await listed(['--channel', 'support']);
  expect(letter).toEqual({
    channel: 'support',
    eventId: 'elsewhere',
    jobId: 'e.elsewhere',
    diedAtMs: expect.any(Number),
    enqueuedAtMs: expect.any(Number),
    reason: 'http_422',
    cause: expect.stringMatching(/^http_422\.\w{13}$/),
    lastReason: null,
    status: 422,
    attempts: 1,
    replays: 0,
    possiblyDelivered: false,
    customerPhone: '+1510•••0199',
    response: '{"error":"phone is invalid"}',
  });
});

test.each([
  [[], 4],
  [['--status', '422'], 2],
])('a limit is told, with the number there is (%j)', async (args, of) => {
  const { stdout, stderr } = await run(['dlq', 'list', '--limit', '1', '-o', 'json', ...args], later(0));
  expect(JSON.parse(stdout)).toMatchObject({ showing: 1, of, letters: [{ eventId: 'elsewhere' }] });
  expect(stderr).toBe(`showing 1 of ${of}; --limit for more\n`);
});

test('no letter is exit 3, and says what was looked for', async () => {
  expect(await run(['dlq', 'list', '--reason', 'dns', '--status', '404'], later(0))).toEqual({
    exit: 3,
    stdout: '',
    stderr: 'callpost: no dead letter with reason dns, HTTP status 404\n',
  });
});

test('one letter: why, its attempts, its masked event, and what to type next', async () => {
  const { exit, stdout } = await run(['dlq', 'show', 'elsewhere'], later(2));
  expect(exit).toBe(0);
  expect(stdout).toMatch(
    /^event id +elsewhere\nchannel +support\nreason +http_422\n +Re:amaze parsed the event/,
  );
  expect(stdout).toMatch(
    /\n1 attempt\n *# +STARTED.*\n *1 +20\S+Z +12 ms +dead +http_422 +422 +no +host:1\n/,
  );
  expect(stdout).toContain('"phone": "+1510•••0199"');
  expect(stdout).toMatch(
    /\nNext\n {2}callpost replay start --id elsewhere --channel support\n {2}callpost dlq list --cause http_422\.\w+\n$/,
  );
  expect(stdout).not.toContain('Jane');
});

test('--reveal shows the event as it is, and says on stderr what that means', async () => {
  const { stdout, stderr } = await run(['dlq', 'show', 'elsewhere', '--reveal', '-o', 'json'], later(0));
  expect(JSON.parse(stdout)).toMatchObject({
    eventId: 'elsewhere',
    history: [{ attempt: 1, reason: 'http_422' }],
    event: sampleEvent({ id: 'elsewhere' }),
  });
  expect(stderr).toContain('personal data');
});

test('the job id finds a letter too, and an unknown id is exit 3', async () => {
  expect((await run(['dlq', 'show', 'e.old'], later(0))).stdout).toContain('event id     old');
  expect(await run(['dlq', 'show', 'never\x1bseen'], later(0))).toEqual({
    exit: 3,
    stdout: '',
    stderr: 'callpost: no dead letter has the id never\\x1bseen\n',
  });
});

test('an id that two channels have asks for the channel', async () => {
  await makeDeadLetters(redis.url, [{ event: sampleEvent({ id: 'both' }) }], 'default');
  await makeDeadLetters(redis.url, [{ event: sampleEvent({ id: 'both' }) }], 'support');
  const { exit, stderr } = await run(['dlq', 'show', 'both'], later(0));
  expect(exit).toBe(2);
  expect(stderr).toContain('allowed: one of default, support');
  expect((await run(['dlq', 'show', 'both', '--channel', 'support'], later(0))).exit).toBe(0);
});

test('of an event that does not fit the schema, only the kinds of its fields are shown', async () => {
  const invalid = { ...sampleEvent({ id: 'invalid' }), to: { name: 'Jane Roe' } };
  await redis.client.hset('bull:{voice-default}:e.refused', 'data', JSON.stringify(invalid));
  const { stdout } = await run(['dlq', 'show', 'e.refused'], later(0));
  expect(stdout).toContain('"name": "text of 8 characters"');
  expect(stdout).toContain('customer     none that can be read');
  expect(stdout).not.toMatch(/Jane|0199/);
});
