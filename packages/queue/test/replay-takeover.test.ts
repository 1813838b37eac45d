import { eventually } from '@callpost/testkit';
import { expect, it } from 'vitest';
import { createDiscarder, createReplayer, readAudit, readResults } from '../src/index.js';
import { createLease } from '../src/replay/lease.js';
import {
  CHANNEL,
  carry,
  counts,
  deliverAll,
  inState,
  makeLetters,
  move,
  plan,
  redis,
  report,
} from './replay-stage.js';
import { dead, startTestConsumer } from './test-consumer.js';

/* What a run does when the worker that carries it out loses it, or dies where it hurts. */

const PREFIX = 'bull:{voice-default}:';
const runKey = (runId: string) => `${PREFIX}callpost:run:${runId}`;
const lease = (token: string, durationMs: number) =>
  createLease(redis.client, { key: 'lease', token, durationMs });

it('a lease is kept for as long as its holder is busy, and never taken up again once it ran out', async () => {
  const [mine, other] = [lease('a', 1_000), lease('b', 1_000)];
  expect(await mine.take()).toBe(true);
  const untilMs = Date.now() + 2_500;
  while (Date.now() < untilMs) expect(await other.take()).toBe(false);
  await redis.client.del('lease');
  expect(await mine.renew()).toBe(false);
  expect(await other.take()).toBe(true);
  await mine.release();
  expect(await redis.client.get('lease')).toBe('b');
  await other.release();
});

it('whoever has lost the lease sends nothing more, and takes the run over anew when nobody has it', async () => {
  await makeLetters(60, 1);
  const run = await plan({ maxPerSecond: 100, canary: 0 });
  const delivered = deliverAll();
  const { ended } = carry();
  await move(run, 'start');
  await eventually(() => delivered.length >= 5);
  await redis.client.set(`${runKey(run.id)}:lease`, 'another', 'PX', 700);
  await eventually(async () => expect((await report(run)).sent).toBe(0));
  const before = await report(run);
  for (let leftMs = 1; leftMs > 0; ) {
    const after = await report(run);
    leftMs = await redis.client.pttl(`${runKey(run.id)}:lease`);
    if (leftMs > 0) expect(after).toEqual(before);
  }
  await inState(run, 'done');
  expect(delivered).toHaveLength(60);
  await eventually(() => expect(ended).toEqual(['done']));
});

it('a letter is not sent in the name of a lease that another worker has', async () => {
  await makeLetters(1, 1);
  const run = await plan();
  await redis.client.set(`${runKey(run.id)}:lease`, 'another');
  const replayer = createReplayer({ redis: redis.client, channel: CHANNEL, now: Date.now });
  const replay = (leaseToken: string) => replayer.replay('e.e0000', { run: { id: run.id, leaseToken } });
  expect(await replay('mine')).toBe('lease_lost');
  expect(await counts()).toMatchObject({ dead: 1, waiting: 0 });
  expect(await report(run)).toMatchObject({ waiting: 1 });
  expect(await replay('another')).toBe('replayed');
  expect(await report(run)).toMatchObject({ waiting: 0, sent: 1 });
  await replayer.close();
});

it('that a letter died again is not believed before it has: its worker may have died between the two', async () => {
  await makeLetters(2, 2);
  const run = await plan({ onCallConflict: 'skip' });
  const first = carry();
  await move(run, 'start');
  await eventually(async () => expect(await report(run)).toMatchObject({ sent: 1 }));
  await first.carrier.stop();
  await redis.client.hset(`${runKey(run.id)}:results`, 'e.e0000', 'dead_again');
  carry('worker-2');
  await eventually(async () => expect(await redis.client.exists(`${runKey(run.id)}:lease`)).toBe(1));
  deliverAll();
  await inState(run, 'done');
  expect(await report(run)).toMatchObject({ delivered: 2, deadAgain: 0, skipped: { call_conflict: 0 } });
});

it('a letter that is discarded between being made ready and being sent does not count as delivered', async () => {
  await makeLetters(2, 1);
  const run = await plan();
  await move(run, 'start');
  // As a worker leaves it that dies in the middle of sending.
  await redis.client.hset(`${PREFIX}e.e0000`, 'progress', JSON.stringify({ runId: run.id, replays: 1 }));
  await redis.client.hset(`${runKey(run.id)}:results`, 'e.e0000', 'sent');
  const discarder = createDiscarder({ redis: redis.client, channel: CHANNEL });
  expect(await discarder.discard('e.e0000')).toBe('discarded');
  const delivered = deliverAll();
  carry();
  await inState(run, 'done');
  expect(delivered.map(({ id }) => id)).toEqual(['e0001']);
  expect(await report(run)).toMatchObject({ delivered: 1, skipped: { discarded: 1 } });
  await discarder.close();
});

it('a letter that died again and was then discarded has died again', async () => {
  await makeLetters(1, 1);
  const run = await plan();
  const first = carry();
  const consumer = startTestConsumer(redis, { deliver: async (taken) => dead(taken) });
  await move(run, 'start');
  await eventually(async () => expect(await report(run)).toMatchObject({ deadAgain: 1 }));
  await eventually(async () => expect(await counts()).toMatchObject({ dead: 1 }));
  await Promise.all([first.carrier.stop(), consumer.stop(0)]);
  await redis.client.hset(runKey(run.id), 'state', 'running');
  await redis.client.sadd(`${PREFIX}callpost:runs:running`, run.id);
  await redis.client.rpush(`${runKey(run.id)}:letters`, JSON.stringify(['e.e0000', 1, null, 1]));
  await createDiscarder({ redis: redis.client, channel: CHANNEL }).discard('e.e0000');
  carry('worker-2');
  await inState(run, 'done');
  expect(await report(run)).toMatchObject({ deadAgain: 1, delivered: 0 });
});

it('a run keeps the calls of its letters no longer than it needs them', async () => {
  await makeLetters(4, 1);
  const dayMs = 86_400_000;
  const daysLeft = async (key: string) => Math.round((await redis.client.pttl(key)) / dayMs);
  const [first, second, third] = [await plan(), await plan(), await plan()];
  expect(await daysLeft(`${runKey(first.id)}:letters`)).toBe(7);
  await move(first, 'start');
  expect(await redis.client.pttl(`${runKey(first.id)}:letters`)).toBe(-1);
  expect(await redis.client.pttl(runKey(first.id))).toBe(-1);
  deliverAll();
  carry();
  await inState(first, 'done');
  await move(second, 'cancel');
  for (const { id } of [first, second]) {
    expect(await redis.client.exists(`${runKey(id)}:letters`)).toBe(0);
    expect(await daysLeft(runKey(id))).toBe(90);
  }
  expect(await daysLeft(`${runKey(first.id)}:results`)).toBe(90);
  await redis.client.del(`${runKey(third.id)}:letters`);
  expect(await move(third, 'start')).toMatchObject({ status: 'expired', run: { state: 'planned' } });
});

it('who moves a run is in the audit trail, with how far it had got', async () => {
  await makeLetters(3, 1);
  const run = await plan({ comment: 'OPS-12' });
  await move(run, 'resume');
  for (const to of ['start', 'pause', 'resume', 'cancel'] as const) await move(run, to);
  const by = { who: 'ops', via: 'test', comment: 'OPS-12', channel: CHANNEL, runId: run.id };
  expect(await readAudit(redis.client, 10)).toMatchObject([
    { ...by, action: 'replay_cancel', counts: { planned: 3, waiting: 3 } },
    { ...by, action: 'replay_resume', counts: { planned: 3, waiting: 3 } },
    { ...by, action: 'replay_pause', counts: { planned: 3, waiting: 3 } },
    { ...by, action: 'replay_start', counts: { planned: 3 } },
  ]);
  expect(await readResults(redis.client, CHANNEL, run.id)).toEqual(new Map());
});
