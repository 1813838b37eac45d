import { sampleEvent, startRedis, type TestRedis } from '@callpost/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { jsonLines, makeDeadLetters, run } from './harness.js';

let redis: TestRedis;

const { thread_id: _, ...threadless } = sampleEvent({ id: 'threadless' });

beforeAll(async () => {
  redis = await startRedis();
  await makeDeadLetters(redis.url, [
    { event: sampleEvent({ id: 'a' }) },
    { event: threadless, record: { reason: 'http_404', status: 404 } },
  ]);
  await makeDeadLetters(redis.url, [{ event: sampleEvent({ id: 'b' }) }], 'support');
});
afterAll(() => redis.stop());

const exported = (...args: string[]) => run(['dlq', 'export', ...args], { redis: redis.url });

async function trail(...args: string[]) {
  return jsonLines((await run(['audit', '-o', 'ndjson', ...args], { redis: redis.url })).stdout);
}

test('one letter a line, with its evidence and nothing personal', async () => {
  const { exit, stdout, stderr } = await exported('--all');
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  const letters = jsonLines(stdout);
  expect(letters.map(({ eventId }) => eventId)).toEqual(['b', 'threadless', 'a']);
  expect(letters[1]).toEqual({
    channel: 'default',
    eventId: 'threadless',
    jobId: 'e.threadless',
    diedAtMs: expect.any(Number),
    enqueuedAtMs: expect.any(Number),
    reason: 'http_404',
    cause: expect.stringMatching(/^http_404\./),
    template: '{"error":"phone is invalid"}',
    lastReason: null,
    status: 404,
    attempts: 1,
    replays: 0,
    possiblyDelivered: false,
    customerPhone: '+1510•••0199',
    call: 'phone:+1510•••0199',
    response: '{"error":"phone is invalid"}',
    history: [expect.objectContaining({ attempt: 1, reason: 'http_404', worker: 'host:1' })],
    event: expect.objectContaining({ id: 'threadless', body: expect.stringContaining('•••') }),
    original: null,
    editedAtMs: [],
  });
  expect(stdout).not.toMatch(/Jane|5105550199|0:30:05/);
  const [support, byDefault] = await trail('--limit', '2');
  expect(support).toMatchObject({ action: 'export', channel: 'support', counts: { exported: 1 } });
  expect(byDefault).toMatchObject({
    who: 'ops',
    via: 'cli',
    action: 'export',
    channel: 'default',
    filter: { all: true },
    counts: { exported: 2 },
    comment: null,
  });
});

test('--reveal shows the events, and both the look and the export are in the trail', async () => {
  const { stdout } = await exported('--id', 'a', '--reveal', '--comment', 'OPS-12', '--as', 'Kim');
  expect(jsonLines(stdout)).toMatchObject([{ event: sampleEvent({ id: 'a' }) }]);
  const common = { who: 'ops as Kim', channel: 'default', filter: { ids: ['a'] }, comment: 'OPS-12' };
  expect(await trail('--limit', '2')).toMatchObject([
    { ...common, action: 'export', counts: { exported: 1 } },
    { ...common, action: 'reveal', counts: { letters: 1 } },
  ]);
});

test.each([
  [[], 2, 'dead letters: found nothing that says which; allowed: exactly one of a filter'],
  [['--all', '--reason', 'http_404'], 2, 'found a filter and --all'],
  [['--all', '-o', 'json'], 2, '--output: found json; allowed: ndjson'],
  [['--reason', 'dns'], 3, 'no dead letter with reason dns; nothing was exported'],
  [['--id', 'a', 'zzz'], 4, 'no dead letter has the id zzz\n'],
])('%j: exit %i', async (args, exit, words) => {
  const ran = await exported(...args);
  expect(ran.exit).toBe(exit);
  expect(ran.stderr).toContain(words);
});
