import { eventually } from '@callpost/testkit';
import { describe, expect, it } from 'vitest';
import { listRuns, moveRun, readAudit, readResults, setRunRate } from '../src/index.js';
import {
  BY,
  CHANNEL,
  carry,
  consume,
  counts,
  deliverAll,
  eventOf,
  inState,
  makeLetters,
  move,
  plan,
  redis,
  report,
} from './replay-stage.js';
import { dead } from './test-consumer.js';

it('sends what was planned, each once, in order within each call, by one of several workers', async () => {
  await makeLetters(60);
  const run = await plan();
  expect(run).toMatchObject({ state: 'planned', count: 60, canary: 5, who: 'sre' });
  const delivered = deliverAll();
  const carriers = [carry('worker-1'), carry('worker-2')];
  expect(delivered).toEqual([]);
  await move(run, 'start');
  await inState(run, 'done');
  expect(delivered.map(({ id }) => id).sort()).toEqual(
    Array.from({ length: 60 }, (_, i) => `e${String(i).padStart(4, '0')}`),
  );
  for (let call = 0; call < 15; call += 1) {
    const order = delivered.filter((one) => one.call === `call-${call}`).map(({ id }) => id);
    expect(order).toEqual([...order].sort());
  }
  expect(await report(run)).toMatchObject({ planned: 60, waiting: 0, sent: 0, delivered: 60, deadAgain: 0 });
  expect(await counts()).toMatchObject({ dead: 0, waiting: 0 });
  await eventually(() => carriers.flatMap(({ ended }) => ended).length === 1);
  expect(await readAudit(redis.client, 1)).toMatchObject([
    { action: 'replay_ended', who: 'sre', runId: run.id, counts: { delivered: 60, deadAgain: 0 } },
  ]);
  expect((await listRuns(redis.client, CHANNEL)).map(({ id }) => id)).toEqual([run.id]);
});

it('stops by its canary when too many die again of one cause, and leaves the rest dead; a person may resume', async () => {
  await makeLetters(60, 1);
  const run = await plan({ canary: 10 });
  let isHealed = false;
  let attempts = 0;
  consume((taken) => {
    attempts += 1;
    return isHealed ? { outcome: 'delivered' } : dead(taken);
  });
  carry();
  await move(run, 'start');
  await inState(run, 'stopped_by_canary');
  expect(attempts).toBe(10);
  expect(await counts()).toMatchObject({ dead: 60 });
  expect(await report(run)).toMatchObject({ deadAgain: 10, waiting: 50 });
  // Written once the run is stopped.
  await eventually(async () =>
    expect(await readAudit(redis.client, 1)).toMatchObject([
      { action: 'replay_stopped', via: 'worker', runId: run.id, counts: { deadAgain: 10, waiting: 50 } },
    ]),
  );
  isHealed = true;
  await move(run, 'resume');
  await inState(run, 'done');
  expect(await report(run)).toMatchObject({ deadAgain: 10, delivered: 50 });
});

it('passes its canary when few die again', async () => {
  await makeLetters(60, 1);
  const run = await plan({ canary: 10 });
  consume((taken) => (eventOf(taken).id < 'e0002' ? dead(taken) : { outcome: 'delivered' }));
  carry();
  await move(run, 'start');
  await inState(run, 'done');
  expect(await report(run)).toMatchObject({ deadAgain: 2, delivered: 58 });
});

describe('a person', () => {
  it('pauses, slows, resumes', async () => {
    await makeLetters(40, 1);
    const run = await plan({ maxPerSecond: 20 });
    const delivered = deliverAll();
    carry();
    await move(run, 'start');
    await eventually(() => delivered.length >= 3);
    expect(await move(run, 'pause')).toMatchObject({ status: 'moved', run: { state: 'paused' } });
    await eventually(async () => expect(await report(run)).toMatchObject({ sent: 0 }));
    const paused = delivered.length;
    expect(paused).toBeLessThan(40);
    const rate = { channel: CHANNEL, runId: run.id, maxPerSecond: 1_000, by: BY, nowMs: Date.now() };
    expect(await setRunRate(redis.client, rate)).toMatchObject({
      status: 'changed',
      run: { maxPerSecond: 1_000 },
    });
    await move(run, 'resume');
    await inState(run, 'done');
    expect(delivered).toHaveLength(40);
  });

  it('cancels: what was sent stays sent, the rest stays dead', async () => {
    await makeLetters(40, 1);
    const run = await plan({ maxPerSecond: 20 });
    deliverAll();
    carry();
    await move(run, 'start');
    await eventually(async () => expect((await report(run)).delivered).toBeGreaterThan(2));
    await move(run, 'cancel');
    await eventually(async () => {
      const { delivered, waiting, sent } = await report(run);
      expect(sent).toBe(0);
      expect(await counts()).toMatchObject({ dead: waiting, waiting: 0, in_flight: 0 });
      expect(delivered + waiting).toBe(40);
    });
    expect(await move(run, 'resume')).toMatchObject({ status: 'refused', run: { state: 'cancelled' } });
  });

  it.each([
    ['start', 'refused'],
    ['pause', 'moved'],
  ] as const)('can %s a running run: %s', async (to, status) => {
    await makeLetters(2, 1);
    const run = await plan();
    await move(run, 'start');
    expect((await move(run, to)).status).toBe(status);
  });

  it('gets told of a run that is none', async () => {
    const none = { channel: CHANNEL, runId: 'none', by: BY, nowMs: 0 };
    expect(await moveRun(redis.client, { ...none, move: 'start' })).toEqual({ status: 'not_found' });
    expect(await setRunRate(redis.client, { ...none, maxPerSecond: 1 })).toEqual({ status: 'not_found' });
  });
});

it('goes on where a worker died, and sends nothing twice', async () => {
  await makeLetters(40, 1);
  const run = await plan({ maxPerSecond: 40, canary: 0 });
  const delivered = deliverAll();
  const first = carry('worker-1');
  await move(run, 'start');
  await eventually(() => delivered.length >= 5);
  // As after kill -9: the lease is left to run out, and one letter was marked as sent but never sent.
  await first.carrier.stop();
  await redis.client.set(`bull:{voice-default}:callpost:run:${run.id}:lease`, 'worker-1', 'PX', 200);
  const results = await readResults(redis.client, CHANNEL, run.id);
  const unsent = [...Array(40).keys()]
    .map((i) => `e.e${String(i).padStart(4, '0')}`)
    .find((jobId) => !results.has(jobId));
  await redis.client.hset(`bull:{voice-default}:callpost:run:${run.id}:results`, unsent ?? '', 'sent');
  carry('worker-2');
  await inState(run, 'done');
  expect(delivered.map(({ id }) => id).sort()).toEqual([...new Set(delivered.map(({ id }) => id))].sort());
  expect(delivered).toHaveLength(40);
  expect(await report(run)).toMatchObject({ delivered: 40 });
});
