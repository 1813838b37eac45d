import { listRuns, readAudit } from '@callpost/queue';
import { eventually, sampleEvent, startRedis, type TestRedis } from '@callpost/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { jsonLines, makeDeadLetters, run, startRun, startWorker } from './harness.js';

/*
 * What is done with a run that is there: start, list, status, watch, report, pause, resume, rate, cancel.
 */

let redis: TestRedis;
let worker: Awaited<ReturnType<typeof startWorker>> | null = null;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
beforeEach(async () => {
  await makeDeadLetters(
    redis.url,
    ['a', 'b', 'c'].map((id) => ({ event: sampleEvent({ id, thread_id: `call-${id}` }) })),
  );
});
afterEach(async () => {
  await worker?.stop();
  worker = null;
  await redis.client.flushall();
});

const replay = (...args: string[]) => run(['replay', ...args], { redis: redis.url });

async function plan(...args: string[]): Promise<string> {
  const { exit, stdout } = await replay('plan', '--all', '--comment', 'OPS-12', ...args, '-o', 'ndjson');
  expect(exit).toBe(0);
  return String(jsonLines(stdout)[0]?.id);
}

const stateOf = async () => (await listRuns(redis.client, 'default')).map(({ state }) => state);

test('plan says what it has planned, and sends nothing; start then does', async () => {
  const { exit, stdout } = await replay('plan', '--status', '422', '--comment', 'OPS-12');
  expect(exit).toBe(0);
  const [, id = ''] = /^run +(\S+)\ndead letters +3\n/.exec(stdout) ?? [];
  expect(stdout).toMatch(/filter +HTTP status 422\n/);
  expect(stdout).toContain(`\nNext\n  callpost replay start ${id}\n`);
  expect(await stateOf()).toEqual(['planned']);
  expect(await readAudit(redis.client, 5)).toEqual([]);
  worker = await startWorker(redis.url, () => 'delivered');
  expect((await replay('start', id)).stderr).toContain('--yes: found nothing');
  expect((await replay('start', id, '--dry-run')).stdout).toMatch(/state +planned, not started\n/);
  const started = await replay('start', id, '--yes', '--wait', '--max-rate', '100');
  expect(started).toMatchObject({ exit: 0, stdout: expect.stringMatching(/delivered +3\n/) });
  expect((await readAudit(redis.client, 5))[1]).toMatchObject({
    action: 'replay_start',
    comment: 'OPS-12',
    runId: id,
  });
  expect(await replay('start', id, '--yes')).toEqual({
    exit: 1,
    stdout: '',
    stderr: `callpost: cannot start the run ${id}: it is done\n`,
  });
});

test('pause, rate, resume, cancel, each once', async () => {
  const id = await plan('--max-rate', '20/m');
  expect((await replay('pause', id)).stderr).toBe(
    `callpost: cannot pause the run ${id}: it is planned, not started\n`,
  );
  await replay('start', id, '--yes');
  const paused = await replay('pause', id, '--comment', 'Re:amaze is slow', '--as', 'Kim');
  expect(paused.exit).toBe(0);
  expect(paused.stdout).toMatch(
    /^Paused \S+: of 3, 0 settled, 3 not sent yet\.\n\nNext\n {2}callpost replay resume/,
  );
  expect((await replay('rate', id, '--max-rate', '7/s')).stdout).toBe(
    `Run ${id}: at most 7 per second from now on.\n`,
  );
  expect((await replay('resume', id)).stdout).toMatch(/^Resumed /);
  expect(await listRuns(redis.client, 'default')).toMatchObject([{ state: 'running', maxPerSecond: 7 }]);
  const cancelled = await replay('cancel', id, '-o', 'json');
  expect(JSON.parse(cancelled.stdout)).toMatchObject({ state: 'cancelled', report: { waiting: 3 } });
  const by = { who: 'ops', via: 'cli', runId: id, comment: 'OPS-12' };
  expect(await readAudit(redis.client, 9)).toMatchObject([
    { ...by, action: 'replay_cancel', counts: { planned: 3, waiting: 3 } },
    { ...by, action: 'replay_resume' },
    { ...by, action: 'replay_rate', counts: { maxPerSecond: 7, maxPerSecondBefore: 20 / 60 } },
    { ...by, action: 'replay_pause', who: 'ops as Kim', comment: 'Re:amaze is slow' },
    { ...by, action: 'replay_start', counts: { planned: 3 } },
  ]);
  expect((await replay('resume', id)).exit).toBe(1);
  expect((await replay('rate', id, '--max-rate', '7/s')).stderr).toContain('it is cancelled');
});

test.each([
  ['status'],
  ['watch'],
  ['report'],
  ['pause'],
  ['resume'],
  ['cancel'],
  ['rate', '--max-rate', '1'],
])('%s of an unknown run: exit 3', async (verb, ...args) => {
  expect(await replay(verb, 'nope', ...args)).toEqual({
    exit: 3,
    stdout: '',
    stderr: 'callpost: no replay run nope; callpost replay list shows them\n',
  });
});

test('list: newest first, of every channel; none is exit 3', async () => {
  expect((await replay('list')).stderr).toBe('callpost: no replay run yet\n');
  await makeDeadLetters(redis.url, [{ event: sampleEvent({ id: 'd' }) }], 'support');
  const first = await plan('--channel', 'default');
  const second = await plan('--channel', 'support');
  const { stdout } = await replay('list');
  const [header, ...rows] = stdout.trimEnd().split('\n');
  expect(header).toMatch(
    /^RUN +CHANNEL +STATE +LETTERS +DELIVERED +DEAD AGAIN +SKIPPED +WHO +WHEN +COMMENT$/,
  );
  expect(rows).toEqual([
    expect.stringMatching(
      new RegExp(`^${second} +support +planned, not started +1 +0 +0 +0 +ops +20.*OPS-12$`),
    ),
    expect.stringMatching(new RegExp(`^${first} +default `)),
  ]);
  const limited = await replay('list', '--limit', '1', '-o', 'ndjson');
  expect(jsonLines(limited.stdout)).toMatchObject([{ id: second, report: { planned: 1 } }]);
  expect(limited.stderr).toBe('showing 1 of 2; --limit for more\n');
});

test('status and report tell each skip with why, and which letters', async () => {
  const id = await plan();
  await run(['dlq', 'discard', '--id', 'a'], { redis: redis.url });
  worker = await startWorker(redis.url, (event) => (event.id === 'b' ? 'dead' : 'delivered'));
  expect((await replay('start', id, '--yes', '--wait')).exit).toBe(4);
  const { stdout } = await replay('status', id);
  expect(stdout).toMatch(/state +done after .*\nplanned +\S+ \(.* ago\) by ops\n/);
  expect(stdout).toMatch(
    /3 dead letters\ndelivered +1\ndead again +1\nskipped +1\n +1: replayed or discarded since the run was planned\n/,
  );
  expect(stdout).toMatch(/Next\n {2}callpost dlq causes --replayed any --since \S+ --channel default\n/);
  expect(JSON.parse((await replay('report', id, '-o', 'json')).stdout)).toEqual({
    run: id,
    channel: 'default',
    state: 'done',
    planned: 3,
    waiting: 0,
    enqueued: 2,
    sent: 0,
    delivered: 1,
    deadAgain: 1,
    skipped: {
      not_dead: 1,
      discarded: 0,
      changed: 0,
      invalid_patch: 0,
      call_conflict: 0,
      newer_delivered: 0,
    },
  });
  const lines = jsonLines((await replay('report', id, '-o', 'ndjson')).stdout);
  expect(lines.map(({ eventId, result, why }) => [eventId, result, why]).sort()).toEqual([
    ['a', 'skipped', 'not_dead'],
    ['b', 'dead_again', null],
    ['c', 'delivered', null],
  ]);
});

test('watch on a terminal has a bar, tells of a pause, and ends with the run', async () => {
  const id = await plan();
  await replay('start', id, '--yes');
  const { running, output } = startRun(['replay', 'watch', id], { redis: redis.url, columns: 120 });
  await eventually(() => output().stderr.includes('replaying ['));
  await replay('pause', id);
  await eventually(() => output().stderr.includes(`paused; callpost replay resume ${id} goes on with it`));
  await replay('cancel', id);
  expect(await running).toBe(4);
  expect(output().stdout).toMatch(/state.* +cancelled after /);
});
