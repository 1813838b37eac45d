import {
  type DeadLetterFilter,
  moveRun,
  planRun,
  readAudit,
  readChannelStatus,
  readResults,
  readRun,
  reportOf,
  summariseCauses,
} from '@callpost/queue';
import { eventually, sampleEvent, writeDeadLetters } from '@callpost/testkit';
import { expect, it } from 'vitest';
import { SECRET, useStage } from './stage.js';

const CHANNEL = 'default';

const stage = useStage({
  REAMAZE_SHARED_SECRET: SECRET,
  REQUEST_TIMEOUT_MS: '1000',
  LOCK_DURATION_MS: '2000',
});

async function startRun(
  filter: DeadLetterFilter,
  patch: Record<string, unknown> | null = null,
): Promise<string> {
  const id = `run-${JSON.stringify(filter).length}-${patch === null ? 'as-is' : 'patched'}`;
  const answer = await planRun(stage.redis.client, {
    channel: CHANNEL,
    filter,
    patch,
    who: 'sre',
    comment: 'fixed',
    maxPerSecond: 100_000,
    now: Date.now,
    newId: () => id,
  });
  expect(answer.status).toBe('planned');
  const by = { who: 'sre', via: 'test', comment: 'fixed' };
  await moveRun(stage.redis.client, { channel: CHANNEL, runId: id, move: 'start', by, nowMs: Date.now() });
  return id;
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
  await stage.start();
  await stage.start();
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
  const [closed, unknown] = causes;
  const first = await startRun({ causeId: closed?.cause.id ?? '' });
  await done(first);
  const second = await startRun(
    { causeId: unknown?.cause.id ?? '' },
    { assignee: { email: 'fixed@example.com' } },
  );
  await done(second);

  expect(await dead()).toBe(0);
  const { accepted, requests } = await stage.sink.report();
  expect(Object.values(accepted).filter(({ times }) => times !== 1)).toEqual([]);
  expect(Object.keys(accepted)).toHaveLength(5_000);
  expect(requests.filter(({ valid }) => !valid)).toEqual([]);
  const orderOf = new Map(Object.keys(accepted).map((id, order) => [id, order]));
  for (let start = 0; start < 5_000; start += 10) {
    const call = ids.slice(start, start + 10).map((id) => orderOf.get(id) ?? -1);
    expect(call).toEqual([...call].sort((a, b) => a - b));
  }
  expect(await readAudit(stage.redis.client, 10)).toMatchObject([
    { action: 'replay_ended', runId: second, counts: { planned: 2_000, delivered: 2_000 } },
    { action: 'replay_ended', runId: first, counts: { planned: 3_000, delivered: 3_000 } },
  ]);
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
  const runId = await startRun({});
  const deliveredSoFar = async () => (await reportOfRun(runId)).delivered;
  await eventually(async () => expect(await deliveredSoFar()).toBeGreaterThan(2_000), 60_000);

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
  // At each of the three crashes up to 50 events were in flight, whose delivery may not have been recorded.
  expect(requests.length - count - 1).toBeLessThanOrEqual(3 * 50);
}, 240_000);
