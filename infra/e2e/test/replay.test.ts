import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import {
  readChannelStatus,
  readResults,
  readRun,
  reportOf,
  SKIP_REASONS,
  summariseCauses,
} from '@callpost/queue';
import { eventually, sampleEvent, writeDeadLetters } from '@callpost/testkit';
import { expect, it } from 'vitest';
import { callpost, startCallpost } from './callpost.js';
import { SECRET, useStage } from './stage.js';

const CHANNEL = 'default';

const IN_FLIGHT = 50;
const stage = useStage({
  REAMAZE_SHARED_SECRET: SECRET,
  REQUEST_TIMEOUT_MS: '1000',
  WORKER_CONCURRENCY: String(IN_FLIGHT),
  LOCK_DURATION_MS: '2000',
});

const command = (...args: string[]) => callpost(stage.redis.url, ...args);

/** As fast as it goes. */
const FAST = ['--max-rate', '10000/s', '--comment', 'as fast as it goes'];

/**
 * Replays by the command, to the end.
 *
 * @param count how many letters that has to be, and to deliver
 * @returns the id of the run
 */
async function replay(count: number, ...choice: string[]): Promise<string> {
  const rest = ['--yes', '--max-rate', '10000/s', '--wait', '-o', 'ndjson'];
  const { exit, lines, output } = await command('replay', 'start', ...choice, ...rest);
  expect(exit, output).toBe(0);
  const settled = { planned: count, enqueued: count, delivered: count, deadAgain: 0, waiting: 0 };
  const skipped = Object.fromEntries(Object.keys(SKIP_REASONS).map((why) => [why, 0]));
  expect(lines).toMatchObject([{ state: 'done', report: { ...settled, skipped } }]);
  return String(lines[0]?.id);
}

/** Ids of events that were first accepted before an earlier one of their call. */
function outOfOrder(
  accepted: readonly string[],
  enqueued: readonly string[],
  callOf: (index: number) => number,
): string[] {
  const indexOf = new Map(enqueued.map((id, index) => [id, index]));
  const newest = new Map<number, number>();
  return accepted.filter((id) => {
    const index = indexOf.get(id);
    if (index === undefined) return false;
    const before = newest.get(callOf(index)) ?? -1;
    newest.set(callOf(index), Math.max(before, index));
    return index < before;
  });
}

const done = (runId: string, timeoutMs = 60_000) =>
  eventually(
    async () => expect((await readRun(stage.redis.client, CHANNEL, runId))?.state).toBe('done'),
    timeoutMs,
  );

const dead = async () => (await readChannelStatus(stage.redis.client, CHANNEL)).counts.dead;

async function reportOfRun(runId: string) {
  const run = await readRun(stage.redis.client, CHANNEL, runId);
  return reportOf(run?.count ?? 0, await readResults(stage.redis.client, CHANNEL, runId));
}

it('5,000 letters of two causes: one replayed as it is, the other patched; each accepted once and in order', async () => {
  const workers = await Promise.all([stage.start(), stage.start()]);
  const patch = join(mkdtempSync(join(tmpdir(), 'callpost-')), 'fix.json');
  const ids = Array.from(
    { length: 5_000 },
    (_, index) => `${index % 50 < 30 ? 'heal-422' : 'patch'}_${index}`,
  );
  await stage.queue.sendMany(
    ids.map((id, index) => sampleEvent({ id, thread_id: `call-${Math.floor(index / 10)}` })),
  );
  await eventually(async () => expect(await dead()).toBe(5_000), 60_000);
  const causes = await summariseCauses(stage.redis.client, CHANNEL);
  expect(causes.map(({ cause, count }) => `${count} ${cause.template}`)).toEqual([
    '3000 {"error": "channel is closed for #"}',
    '2000 {"error": "assignee of # is unknown"}',
  ]);

  await stage.sink.heal();
  expect((await command('replay', 'start', '--yes', '--comment', 'none')).exit).toBe(2);
  expect((await command('replay', 'start', '--reason', 'dns', '--yes')).exit).toBe(3);
  expect(await dead()).toBe(5_000);
  const [closed, unknown] = causes.map(({ cause }) => cause.id);
  const first = await replay(3_000, '--cause', closed ?? '', '--comment', 'opened, OPS-1', '--as', 'Kim');
  writeFileSync(patch, JSON.stringify({ assignee: { email: 'fixed@example.com' } }));
  const second = await replay(2_000, '--cause', unknown ?? '', '--patch', patch, '--comment', 'assigned');

  expect(await dead()).toBe(0);
  const { accepted, requests } = await stage.sink.report();
  expect(Object.values(accepted).filter(({ times }) => times !== 1)).toEqual([]);
  expect(Object.keys(accepted)).toHaveLength(5_000);
  expect(requests.filter(({ valid }) => !valid)).toEqual([]);
  expect(outOfOrder(Object.keys(accepted), ids, (index) => Math.floor(index / 10))).toEqual([]);

  const who = userInfo().username;
  const trail = [
    { action: 'replay_ended', runId: second, who, counts: { planned: 2_000, delivered: 2_000 } },
    { action: 'replay_start', runId: second, who, counts: { planned: 2_000 }, comment: 'assigned' },
    { action: 'replay_ended', runId: first, counts: { planned: 3_000, delivered: 3_000 } },
    { action: 'replay_start', runId: first, who: `${who} as Kim`, via: 'cli', comment: 'opened, OPS-1' },
  ];
  expect((await command('audit', '-o', 'ndjson')).lines).toMatchObject(trail);
  const logged = () =>
    workers
      .flatMap(({ lines }) => lines)
      .filter(({ msg }) => msg === 'audit')
      .map(({ action, run }) => `${action} ${run}`)
      .sort();
  const wanted = trail.map(({ action, runId }) => `${action} ${runId}`).sort();
  await eventually(() => expect(logged()).toEqual(wanted));
}, 120_000);

it('a run of 20,000 ends complete, with the worker killed twice and Redis once; live events do not wait for it', async () => {
  const count = 20_000;
  const firstMs = Date.now() - count;
  await writeDeadLetters(
    stage.redis.client,
    Array.from({ length: count }, (_, index) => ({
      event: sampleEvent({ id: `ok_${index}`, thread_id: `call-${index % 4_000}` }),
      reason: 'http_422',
      status: 422,
      excerpt: 'closed',
      atMs: firstMs + index,
    })),
  );
  const first = await stage.start();
  const started = startCallpost(stage.redis.url, 'replay', 'start', '--all', '--yes', ...FAST, '--wait');
  const [runId = ''] = await eventually(() => /\d{8}-\d{4}-\w{4}/.exec(started.output()) ?? false, 30_000);
  const deliveredSoFar = async () => (await reportOfRun(runId)).delivered;
  await eventually(async () => expect(await deliveredSoFar()).toBeGreaterThan(2_000), 60_000);
  started.kill('SIGINT');
  expect(await started.exited()).toBe(130);
  expect(started.output()).toContain(`Run ${runId} goes on without this command`);

  await stage.queue.send(sampleEvent({ id: 'ok_live' }));
  await first.line({ msg: 'attempt', eventId: 'ok_live', outcome: 'delivered' });
  expect((await reportOfRun(runId)).waiting).toBeGreaterThan(5_000);

  first.kill('SIGKILL');
  const second = await stage.start();
  await eventually(async () => expect(await deliveredSoFar()).toBeGreaterThan(6_000), 60_000);
  await stage.redis.crash();
  await stage.redis.restart();
  await eventually(async () => expect(await deliveredSoFar()).toBeGreaterThan(10_000), 60_000);
  second.kill('SIGKILL');
  await stage.start();
  await done(runId, 120_000);

  expect(await dead()).toBe(0);
  expect(await reportOfRun(runId)).toMatchObject({
    planned: count,
    delivered: count,
    deadAgain: 0,
    waiting: 0,
    sent: 0,
  });
  const { accepted, requests } = await stage.sink.report();
  expect(Object.keys(accepted)).toHaveLength(count + 1);
  const ids = Array.from({ length: count }, (_, index) => `ok_${index}`);
  expect(outOfOrder(Object.keys(accepted), ids, (index) => index % 4_000)).toEqual([]);
  // At each of the three crashes up to so many events were in flight, whose delivery may not have been recorded.
  expect(requests.length - count - 1).toBeLessThanOrEqual(3 * IN_FLIGHT);
}, 240_000);
