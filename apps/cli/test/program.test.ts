import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { eventually, sampleEvent, startProgram, startRedis, type TestRedis } from '@callpost/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeDeadLetters, run } from './harness.js';

/*
 * The command as it is installed, in processes of its own: exit codes, signals and pipes.
 */

const CALLPOST = fileURLToPath(new URL('../bin/callpost.js', import.meta.url));

let redis: TestRedis;

beforeAll(async () => {
  redis = await startRedis();
  await makeDeadLetters(
    redis.url,
    Array.from({ length: 300 }, (_, index) => ({ event: sampleEvent({ id: `dead-${index}` }) })),
  );
});
afterAll(() => redis.stop());

async function callpost(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const program = startProgram(CALLPOST, { REDIS_URL: redis.url, ...environment }, args);
  const exit = await program.exited();
  return { exit, output: program.output() };
}

test('an unreachable Redis: exit 7, one line, no stack, and no password', async () => {
  const environment = { REDIS_URL: 'redis://:pa55word@127.0.0.1:1' };
  for (const args of [
    ['status'],
    ['dlq', 'list'],
    ['dlq', 'show', 'x'],
    ['replay', 'start', '--all'],
    ['audit'],
  ]) {
    const { exit, output } = await callpost(args, environment);
    expect(exit).toBe(7);
    expect(output).toBe(
      'callpost: Redis is not available: connect ECONNREFUSED 127.0.0.1:1. Is it running, and do --redis or REDIS_URL say where?\n',
    );
  }
});

test('a Redis that is frozen: exit 7 within a few seconds', async () => {
  redis.freeze();
  try {
    const { exit, output } = await callpost(['status']);
    expect(exit).toBe(7);
    expect(output).toContain('no answer within 5 s');
  } finally {
    redis.thaw();
  }
});

test.each([
  [['--help'], 0, 'Usage: callpost'],
  [['--version'], 0, '0.1.0'],
  [['dlq', 'list', '--help'], 0, 'Examples:'],
  [[], 2, 'Usage: callpost'],
  [['dlq'], 2, 'Usage: callpost dlq'],
  [['frobnicate'], 2, "callpost: unknown command 'frobnicate'"],
  [['status', '--frob'], 2, "callpost: unknown option '--frob'"],
  [
    ['status', '-o', 'xml'],
    2,
    "'-o, --output <form>' argument 'xml' is invalid. Allowed: table, json, ndjson.",
  ],
  [
    ['dlq', 'list', '--limit', '0'],
    2,
    "'--limit <n>' argument '0' is invalid. Allowed: a whole number from 1",
  ],
  [['dlq', 'list', '--since', 'noon'], 2, "argument 'noon' is invalid. Allowed: how long ago (90s, 15m"],
  [['status', '--channel', 'A{B'], 2, "argument 'A{B' is invalid. Allowed: 1 to 63 characters"],
  [['replay', 'start'], 2, 'and --all'],
  [['dlq', 'discard'], 2, 'and --all'],
  [['audit', '--as', ' '], 2, "'--as <name>' argument ' ' is invalid. Allowed: text of 1 to 100 characters."],
  [['audit'], 3, 'nothing in the audit trail'],
  [['dlq', 'list', '--reason', 'dns'], 3, 'no dead letter with reason dns'],
  [['status', '-o', 'json'], 0, '"channel": "default"'],
])('%j: exit %i', async (args, exit, words) => {
  const ran = await callpost(args);
  expect(ran.output).toContain(words);
  expect(ran.exit).toBe(exit);
});

test('a Redis URL that is none is not repeated', async () => {
  for (const url of ['pa55word@host', 'redis://:pa55/word@host:6379']) {
    const { exit, output } = await callpost(['status'], { REDIS_URL: url });
    expect(exit).toBe(2);
    expect(output).toContain('callpost: REDIS_URL: found text');
    expect(output).not.toContain('pa55');
  }
});

test('an unexpected error is one line; with CALLPOST_DEBUG also its stack', async () => {
  await redis.client.set('bull:{voice-broken}:failed', 'not a sorted set');
  await redis.client.sadd('callpost:channels', 'broken');
  const { exit, output } = await callpost(['dlq', 'list', '--channel', 'broken']);
  expect(exit).toBe(1);
  expect(output).toMatch(/^callpost: WRONGTYPE .* \(CALLPOST_DEBUG=1 shows where\)\n$/);
  const debugged = await callpost(['dlq', 'list', '--channel', 'broken'], { CALLPOST_DEBUG: '1' });
  expect(debugged.output).toContain('\n    at ');
  await redis.client.srem('callpost:channels', 'broken');
});

test('SIGINT ends a command that watches: exit 130, nothing more said', async () => {
  const program = startProgram(CALLPOST, { REDIS_URL: redis.url }, [
    'status',
    '--watch',
    '1',
    '-o',
    'ndjson',
  ]);
  await program.line({ channel: 'default' });
  program.kill('SIGINT');
  expect(await program.exited()).toBe(130);
  expect(program.output()).not.toContain('callpost:');
});

test('a reader that goes away ends it quietly', async () => {
  const command = `"$0" "$1" dlq list --limit 300 -o ndjson; echo "exit $?" >&2`;
  const script = `{ ${command}; } | head -n 1`;
  const { stdout, stderr } = await shell(script);
  expect(stdout.split('\n')).toHaveLength(2);
  expect(stderr).toBe('exit 0\n');
  const watching = await shell(`{ "$0" "$1" status --watch 1 -o ndjson; echo "exit $?" >&2; } | head -n 1`);
  expect(watching.stderr).toBe('exit 0\n');
});

test('an export whose reader goes away ends quietly, and is in the audit trail', async () => {
  const { stdout, stderr } = await shell(`{ "$0" "$1" dlq export --all; echo "exit $?" >&2; } | head -n 1`);
  expect(stdout.split('\n')).toHaveLength(2);
  expect(stderr).toBe('exit 0\n');
  const { stdout: trail } = await run(['audit', '-o', 'ndjson'], { redis: redis.url });
  expect(JSON.parse(trail)).toMatchObject({ action: 'export', via: 'cli', filter: { all: true } });
});

test('a replay is there also when its reader goes away', async () => {
  const script = `{ "$0" "$1" replay start --all --yes --comment fixed -o ndjson; echo "exit $?" >&2; } | head -n 0`;
  expect((await shell(script)).stderr).toBe('exit 0\n');
  const { stdout } = await run(['replay', 'list', '-o', 'ndjson'], { redis: redis.url });
  expect(JSON.parse(stdout)).toMatchObject({ state: 'running', count: 300, canary: 5 });
});

test('SIGINT ends the waiting, not the run', async () => {
  const args = ['replay', 'start', '--id', 'dead-1', '--wait'];
  const program = startProgram(CALLPOST, { REDIS_URL: redis.url }, args);
  await eventually(() => program.output().includes(' started: 1 dead letter'));
  program.kill('SIGINT');
  expect(await program.exited()).toBe(130);
  expect(program.output()).toContain('goes on without this command; callpost replay cancel ');
});

function shell(script: string): Promise<{ stdout: string; stderr: string }> {
  const env = { PATH: process.env.PATH, REDIS_URL: redis.url };
  return new Promise((resolve, reject) => {
    execFile('sh', ['-c', script, process.execPath, CALLPOST], { env }, (error, stdout, stderr) => {
      if (error === null) resolve({ stdout, stderr });
      else reject(error);
    });
  });
}
