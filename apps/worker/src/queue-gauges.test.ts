import type { ChannelReading } from '@callpost/queue';
import { createErrorLog, createLogger, createMetrics } from '@callpost/telemetry';
import { expect, it } from 'vitest';
import { createQueueGauges } from './queue-gauges.js';

const NOW_MS = 1_700_000_000_000;

function reading(backlog: number, added = backlog): ChannelReading {
  return {
    status: {
      channel: 'sales',
      counts: { waiting: backlog, in_flight: 0, retrying: 0, parked: 0, dead: 0 },
      oldestWaitingAtMs: null,
      oldestDeadAtMs: null,
    },
    enqueued: { accepted: added, duplicate: 0, invalid: 0 },
    state: {
      state: 'flowing',
      sinceMs: null,
      probeAtMs: null,
      untilMs: null,
      window: null,
      status: null,
      pause: null,
      rate: 1,
      nowMs: NOW_MS,
    },
    waitingSinceMs: null,
    oldestRetryingAtMs: null,
    oldestParkedAtMs: null,
    nextRetryAtMs: null,
    replay: { runs: { running: 0, paused: 0, stopped_by_canary: 0 }, lettersLeft: 0 },
  };
}

/** A page over a Redis that answers what `redis` says at the time; the clock moves by hand. */
function page(
  channels: readonly string[] = ['sales'],
  label: (channel: string) => string = (channel) => channel,
) {
  const metrics = createMetrics({ version: '1', revision: 'a' });
  const logger = createLogger({ level: 'silent', base: {} });
  const stage = {
    nowMs: NOW_MS,
    readChannel: async (_channel: string) => reading(0),
    used: 100,
    server: 'redis:6379',
    async lines(start: string) {
      await refresh();
      const text = await metrics.registry.metrics();
      return text.split('\n').filter((line) => line.startsWith(`callpost_${start}`));
    },
  };
  const now = () => stage.nowMs;
  const refresh = createQueueGauges({
    channels: () => channels,
    readChannel: (channel) => stage.readChannel(channel),
    readMemory: async () => ({ server: stage.server, usedBytes: stage.used, limitBytes: 1_000 }),
    metrics,
    channelLabel: label,
    errorLog: createErrorLog(logger, now),
    now,
  });
  return stage;
}

const never = () => new Promise<never>(() => undefined);

it('shows of the channels that answer what they say, and of one that does not nothing but its age', async () => {
  const stage = page(['sales', 'slow']);
  stage.readChannel = (channel) => (channel === 'slow' ? never() : Promise.resolve(reading(7)));
  const lines = await stage.lines('queue_');
  expect(lines).toContain('callpost_queue_jobs{channel="sales",state="waiting"} 7');
  expect(lines.filter((line) => line.includes('"slow"') || line.includes('timestamp'))).toEqual([
    `callpost_queue_scrape_success_timestamp_seconds{channel="sales"} ${NOW_MS / 1_000}`,
    'callpost_queue_scrape_success_timestamp_seconds{channel="slow"} 0',
  ]);
});

it('takes a figure that grew old off the page, and keeps its time', async () => {
  const stage = page();
  stage.readChannel = async () => reading(50_000);
  expect(await stage.lines('queue_jobs{channel="sales",state="waiting"}')).toEqual([
    'callpost_queue_jobs{channel="sales",state="waiting"} 50000',
  ]);
  stage.readChannel = () => Promise.reject(new Error('away'));
  stage.nowMs += 30_000;
  expect(await stage.lines('queue_jobs')).not.toEqual([]);
  stage.nowMs += 15_000;
  expect(await stage.lines('queue_jobs')).toEqual([]);
  expect(await stage.lines('events_enqueued')).toEqual([]);
  expect(await stage.lines('queue_scrape_success')).toEqual([
    `callpost_queue_scrape_success_timestamp_seconds{channel="sales"} ${NOW_MS / 1_000}`,
  ]);
});

it('counts an answer that comes late from when it was asked for', async () => {
  const stage = page();
  let answer: (value: ChannelReading) => void = () => undefined;
  stage.readChannel = () =>
    new Promise((resolve) => {
      answer = resolve;
    });
  await stage.lines('');
  stage.nowMs += 60_000;
  answer(reading(9));
  stage.readChannel = never;
  expect(await stage.lines('queue_jobs')).toEqual([]);
});

it('counts on from what Redis says, and anew when Redis was emptied', async () => {
  const stage = page();
  for (const added of [100, 110, 3]) {
    stage.nowMs += 6_000;
    stage.readChannel = async () => reading(0, added);
    expect(await stage.lines('events_enqueued_total{channel="sales",outcome="accepted"}')).toEqual([
      `callpost_events_enqueued_total{channel="sales",outcome="accepted"} ${added}`,
    ]);
  }
});

it('adds up channels that share a label, and shows nothing while one of them is missing', async () => {
  const stage = page(['a', 'b'], () => 'other');
  stage.readChannel = async (channel) => reading(channel === 'a' ? 3 : 4);
  expect(await stage.lines('queue_jobs{channel="other",state="waiting"}')).toEqual([
    'callpost_queue_jobs{channel="other",state="waiting"} 7',
  ]);
  stage.readChannel = (channel) =>
    channel === 'a' ? Promise.resolve(reading(3)) : Promise.reject(new Error());
  stage.nowMs += 60_000;
  expect(await stage.lines('queue_jobs')).toEqual([]);
});

it('says when the backlog is gone and when Redis is full, going on as it went', async () => {
  const stage = page();
  const eta = async (backlog: number, used: number) => {
    stage.nowMs += 10_000;
    stage.used = used;
    stage.readChannel = async () => reading(backlog);
    return [...(await stage.lines('drain_eta')), ...(await stage.lines('redis_memory_full_eta'))].map(
      (line) => Number(line.split(' ').at(-1)),
    );
  };
  expect(await eta(1_000, 100)).toEqual([]);
  for (let step = 1; step <= 6; step += 1) await eta(1_000 - step * 100, 100 + step * 10);
  // 10 a second, 300 left; 1 a second, 830 left.
  expect((await eta(300, 170)).map(Math.round)).toEqual([30, 830]);
  expect((await eta(0, 170))[0]).toBe(0);
});

it('says when the fullest master of a cluster is full by what that one did, not by what another did before', async () => {
  const stage = page();
  const eta = async (server: string, used: number) => {
    stage.nowMs += 10_000;
    Object.assign(stage, { server, used });
    return (await stage.lines('redis_memory_full_eta')).map((line) => line.split(' ').at(-1));
  };
  for (let step = 0; step < 5; step += 1) await eta('one:6379', 100 + step * 10);
  expect((await eta('one:6379', 150)).map(Number)).toEqual([expect.closeTo(850)]);
  expect(await eta('two:6379', 900)).toEqual([]);
  for (let step = 1; step < 4; step += 1) await eta('two:6379', 900);
  expect(await eta('two:6379', 900)).toEqual(['+Inf']);
});

it('says that a growing backlog is never gone', async () => {
  const stage = page();
  for (let step = 1; step <= 3; step += 1) {
    stage.nowMs += 10_000;
    stage.readChannel = async () => reading(step * 100);
    await stage.lines('');
  }
  expect(await stage.lines('drain_eta')).toEqual(['callpost_drain_eta_seconds{channel="sales"} +Inf']);
});
