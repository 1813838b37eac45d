import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pauseChannel, readChannelState, readChannelStatus, resumeChannel } from '@callpost/queue';
import { eventually, sampleEvents } from '@callpost/testkit';
import { describe, expect, it } from 'vitest';
import { SECRET, useStage } from './stage.js';
import type { WorkerProcess } from './worker-process.js';

/* An endpoint in trouble costs neither attempts nor letters. Two workers, so that the brake has to be the fleet's. */

const CONCURRENCY = 50;
const stage = useStage({
  REAMAZE_SHARED_SECRET: SECRET,
  WORKER_CONCURRENCY: String(CONCURRENCY),
  REQUEST_TIMEOUT_MS: '1000',
  LOCK_DURATION_MS: '2000',
});

const accepted = async () => Object.keys((await stage.sink.report()).accepted).length;
const state = () => readChannelState(stage.redis.client, 'default');
const counts = async () => (await readChannelStatus(stage.redis.client, 'default')).counts;
const changes = (workers: readonly WorkerProcess[]) =>
  workers
    .flatMap(({ lines }) => lines)
    .filter(({ from, to }) => from !== undefined && to !== undefined)
    .sort((a, b) => String(a.time).localeCompare(String(b.time)))
    .map(({ from, to }) => `${from} > ${to}`);

const eventuallyIn = (wanted: string) =>
  eventually(async () => expect((await state()).state).toBe(wanted), 30_000);

it('10 s of 503 cost few attempts and no letter, and what has waited is delivered soon after', async () => {
  const workers = await Promise.all([stage.start(), stage.start()]);
  await stage.queue.sendMany(sampleEvents(3_000, 'slow-20_'));
  await eventually(async () => expect(await accepted()).toBeGreaterThan(300));
  await stage.sink.answerAll({ status: 503 });
  const before = (await stage.sink.report()).requests.length;
  await sleep(10_000);
  expect((await stage.sink.report()).requests.length - before).toBeLessThan(600);
  expect(await counts()).toMatchObject({ dead: 0 });
  await stage.sink.answerAll(null);
  await eventually(async () => expect(await accepted()).toBe(3_000), 20_000);
  const { mostUnderWay } = await stage.sink.report();
  expect(mostUnderWay).toBeLessThanOrEqual(2 * CONCURRENCY);
  // Each change is told once, by one of the two.
  expect(changes(workers).slice(0, 2)).toEqual(['flowing > braked', 'braked > recovering']);
  expect(await counts()).toMatchObject({ dead: 0, waiting: 0, retrying: 0 });
}, 90_000);

it('a wrong secret costs a few letters; with the right one in its file the rest is delivered by itself', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'callpost-brake-'));
  const file = join(folder, 'secret');
  await writeFile(file, 'wrong');
  const environment = { REAMAZE_SHARED_SECRET_FILE: file, REAMAZE_SHARED_SECRET: '' };
  await Promise.all([stage.start(environment), stage.start(environment)]);
  await stage.queue.sendMany(sampleEvents(3_000, 'ok'));
  await eventuallyIn('held');
  expect(await state()).toMatchObject({ status: 401 });
  // Long enough for a probe, which is refused.
  await eventually(async () => expect((await stage.sink.report()).requests.length).toBeGreaterThan(5));
  await eventually(async () => expect(await counts()).toMatchObject({ in_flight: 0 }));
  expect((await counts()).dead).toBeGreaterThanOrEqual(5);
  await writeFile(file, SECRET);
  // A worker that reads it later than the other may be refused a few times more.
  await eventually(async () => expect((await accepted()) + (await counts()).dead).toBe(3_000), 30_000);
  const { dead, ...others } = await counts();
  expect(dead).toBeLessThan(300);
  expect(others).toMatchObject({ waiting: 0, retrying: 0 });
  await rm(folder, { recursive: true });
}, 90_000);

it.each([429, 503])(
  'a Retry-After on %i is respected by the whole fleet',
  async (status) => {
    await Promise.all([stage.start(), stage.start()]);
    await stage.queue.sendMany(sampleEvents(500, 'slow-20_'));
    await eventually(async () => expect(await accepted()).toBeGreaterThan(100));
    await stage.sink.answerAll({ status, headers: { 'Retry-After': '4' } });
    await eventuallyIn('waiting');
    await eventually(async () => expect(await counts()).toMatchObject({ in_flight: 0 }));
    await stage.sink.answerAll(null);
    const { requests, nowMs } = await stage.sink.report();
    await eventually(async () => expect(await accepted()).toBe(500), 30_000);
    const after = (await stage.sink.report()).requests.slice(requests.length);
    // Counted from the last request that was told to wait, less what the report of it and this look took.
    expect((after[0]?.atMs ?? 0) - nowMs).toBeGreaterThan(2_500);
  },
  60_000,
);

describe('a worker killed -9', () => {
  it('while the channel is braked, or in the middle of its probe, is replaced', async () => {
    const first = await stage.start({ REAMAZE_SHARED_SECRET: SECRET, BRAKE_COOLDOWN_MS: '1000' });
    await stage.sink.answerAll({ status: 503 });
    await stage.queue.sendMany(sampleEvents(200, 'ok'));
    await eventuallyIn('braked');
    await eventually(async () => expect(await counts()).toMatchObject({ in_flight: 0 }));
    await stage.sink.answerAll('hang');
    const { requests } = await stage.sink.report();
    const probes = async () => (await stage.sink.report()).requests.length - requests.length;
    await eventually(async () => expect(await probes()).toBe(1));
    first.kill('SIGKILL');
    await first.exited();
    await stage.start();
    // It is not known yet that the prober is dead.
    expect(await probes()).toBe(1);
    await stage.sink.answerAll(null);
    await eventually(async () => expect(await accepted()).toBe(200), 30_000);
  }, 90_000);
});

it('a pause by a person survives a restart of the workers, and says who and why', async () => {
  const by = { channel: 'default', who: 'kim', via: 'test', reason: 'OPS-7', nowMs: Date.now() };
  expect(await pauseChannel(stage.redis.client, by)).toMatchObject({ status: 'done' });
  const worker = await stage.start();
  await stage.queue.sendMany(sampleEvents(100, 'ok'));
  await worker.line({ msg: 'channel paused by a person', who: 'kim', why: 'OPS-7' });
  expect(await worker.stop()).toBe(0);
  const next = await stage.start();
  await next.line({ msg: 'channel paused by a person', who: 'kim', why: 'OPS-7' });
  expect(await state()).toMatchObject({ pause: { who: 'kim', reason: 'OPS-7' } });
  expect((await stage.sink.report()).requests).toEqual([]);
  expect(await resumeChannel(stage.redis.client, by)).toMatchObject({ status: 'done' });
  await eventually(async () => expect(await accepted()).toBe(100), 20_000);
}, 60_000);
