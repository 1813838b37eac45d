import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { listChannels, readChannelStatus } from '@callpost/queue';
import { eventually, sampleEvent, sampleEvents, startRedis, type TestRedis } from '@callpost/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ndjson, openConnection, run, startRun } from './harness.js';

let redis: TestRedis;
let folder: string;

beforeAll(async () => {
  redis = await startRedis();
  folder = mkdtempSync(join(tmpdir(), 'callpost-send-'));
});
afterAll(async () => {
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  await redis.client.flushall();
});

function file(content: string): string {
  const path = join(folder, 'events.ndjson');
  writeFileSync(path, content);
  return path;
}

/** In the queue, whether they can go or are parked behind an earlier event of their call. */
async function queued(channel = 'default'): Promise<number> {
  const connection = await openConnection(redis.url);
  const { counts } = await readChannelStatus(connection, channel);
  connection.disconnect();
  return counts.waiting + counts.parked;
}

test('every event is accepted; a second time every one is a duplicate, which is fine', async () => {
  const path = file(ndjson(sampleEvents(450)));
  const first = await run(['send', path], { redis: redis.url });
  expect(first).toEqual({
    exit: 0,
    stdout: '',
    stderr: 'accepted    450\nduplicates  0\nrefused     0\n',
  });
  expect(await queued()).toBe(450);
  const again = await run(['send', path], { redis: redis.url });
  expect(again.exit).toBe(0);
  expect(again.stderr).toContain('duplicates  450 (90 waiting, 360 parked)');
  expect(await queued()).toBe(450);
});

test('a line that is refused is told with its number and never with its values; the rest goes in', async () => {
  const secretive = { ...sampleEvent({ id: 'b' }), from: { phone: '555-0199-private', name: 'Jane Roe' } };
  const content = [
    JSON.stringify(sampleEvent({ id: 'a' })),
    '',
    '{"id": "Jane Roe called", }',
    JSON.stringify(secretive),
    JSON.stringify({ ...sampleEvent({ id: 'c' }), body: '', attachments: ['ftp://x'] }),
    JSON.stringify(sampleEvent({ id: 'd' })),
  ].join('\n');
  const { exit, stderr, stdout } = await run(['send', file(content)], { redis: redis.url });
  expect(exit).toBe(4);
  expect(stdout).toBe('');
  expect(stderr.split('\n').slice(0, 4)).toEqual([
    'line 3: event: found text that is not JSON; allowed: one call event as a JSON object, on one line',
    'line 4: from.phone: found text that is not E.164; allowed: a phone number in E.164, such as +15105559999',
    'line 5: body: found empty text; allowed: text of at least 1 character',
    'line 5: attachments[0]: found text of 7 characters; allowed: an https: or http: URL',
  ]);
  expect(stderr).toContain('accepted    2\nduplicates  0\nrefused     3\n');
  expect(stderr).not.toMatch(/Jane|0199|ftp/);
});

test('stdin, in the two forms for scripts', async () => {
  const content = `${ndjson([sampleEvent({ id: 'a' })])}nonsense\n${ndjson([sampleEvent({ id: 'a' })])}`;
  const lines = await run(['send', '-', '-o', 'ndjson'], {
    redis: redis.url,
    stdin: Readable.from([content]),
  });
  expect(lines.exit).toBe(4);
  expect(
    lines.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { line: 1, status: 'accepted', eventId: 'a' },
    { line: 2, status: 'invalid', eventId: null, faults: [expect.objectContaining({ field: 'event' })] },
    { line: 3, status: 'duplicate', eventId: 'a', first: 'waiting' },
  ]);

  const json = await run(['send', '-', '-o', 'json', '--channel', 'support'], {
    redis: redis.url,
    stdin: Readable.from([content]),
  });
  expect(JSON.parse(json.stdout)).toEqual({
    complete: true,
    accepted: 1,
    valid: 0,
    duplicates: 1,
    duplicatesByState: { waiting: 1 },
    refused: 1,
    warnings: {},
    upToLine: 3,
  });
  expect(json.stderr).toBe(
    'line 2: event: found text that is not JSON; allowed: one call event as a JSON object, on one line\n',
  );
  expect(await queued('support')).toBe(1);
});

test('a dry run checks, and needs no Redis', async () => {
  const path = file(`${ndjson([{ ...sampleEvent({ id: 'a' }), thread_id: null }])}{}\n`);
  const { exit, stderr } = await run(['send', path, '--dry-run']);
  expect(exit).toBe(4);
  expect(stderr).toContain('line 2: id: found nothing; allowed: text of 1 to 255 characters, one per event');
  expect(stderr).toContain('valid    1\nrefused  1\nwarning  1 × no thread_id');
});

test('withheld callers are refused, or passed on where one asks for it', async () => {
  const path = file(ndjson([{ ...sampleEvent({ id: 'a' }), from: { phone: 'anonymous' } }]));
  const refused = await run(['send', path], { redis: redis.url });
  expect(refused.exit).toBe(4);
  expect(refused.stderr).toContain('line 1: from.phone: found a withheld number');
  const byEnvironment = { redis: redis.url, env: { WITHHELD_CALLERS: 'pass' } };
  expect((await run(['send', path, '--withheld', 'refuse'], byEnvironment)).exit).toBe(4);
  expect((await run(['send', path], byEnvironment)).exit).toBe(0);
  expect((await run(['send', path, '--withheld', 'pass'], { redis: redis.url })).exit).toBe(0);
});

test('Redis goes away in the middle: it says how far it got, and the same command then does the rest', async () => {
  const events = sampleEvents(6);
  const stdin = new PassThrough();
  const { running, output } = startRun(['send', '-'], { redis: redis.url, stdin });
  stdin.write(ndjson(events.slice(0, 4)));
  await eventually(async () => (await queued()) === 4);
  await redis.crash();
  stdin.write(ndjson(events.slice(4)));
  expect(await running).toBe(7);
  expect(output().stderr).toMatch(
    /^accepted {4}4\n.*\n.*\ncallpost: .*\. Sent up to line 4; run the same command again, ids de-duplicate\.\n$/,
  );
  await redis.restart();
  const rest = await run(['send', '-'], { redis: redis.url, stdin: Readable.from([ndjson(events)]) });
  expect(rest.exit).toBe(0);
  expect(rest.stderr).toContain('accepted    2\nduplicates  4 (1 waiting, 3 parked)');
});

test('Ctrl-C stops between two pieces and says how far it got', async () => {
  const stdin = new PassThrough();
  const interrupt = new AbortController();
  const { running, output } = startRun(['send', '-', '-o', 'json'], {
    redis: redis.url,
    stdin,
    interrupted: interrupt.signal,
  });
  stdin.write(ndjson(sampleEvents(3)));
  await eventually(async () => (await queued()) === 3);
  interrupt.abort();
  expect(await running).toBe(130);
  expect(JSON.parse(output().stdout)).toMatchObject({ complete: false, accepted: 3, upToLine: 3 });
  expect(output().stderr).toContain('Interrupted. Sent up to line 3; run the same command again');
});

test('on a terminal there is a bar on stderr, and refusals stand above it', async () => {
  const path = file(`{}\n${ndjson(sampleEvents(10))}`);
  const { exit, stderr } = await run(['send', path], { redis: redis.url, columns: 80 });
  expect(exit).toBe(4);
  expect(stderr).toContain('sending [');
  expect(stderr).toContain('line 1: to: found nothing; allowed: an object with a phone\n');
});

test('what cannot be read is wrong usage, and opens no channel', async () => {
  const missing = await run(['send', join(folder, 'none')], { redis: redis.url });
  expect(missing).toMatchObject({ exit: 2, stdout: '' });
  expect(missing.stderr).toContain(
    'FILE: found no such file; allowed: a readable NDJSON file, or - for stdin',
  );
  expect((await run(['send', folder], { redis: redis.url })).stderr).toContain('FILE: found a directory');
  const connection = await openConnection(redis.url);
  expect(await listChannels(connection)).toEqual([]);
  connection.disconnect();
});
