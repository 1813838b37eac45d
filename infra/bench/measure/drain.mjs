import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { benchEvents } from './events.mjs';
import { cpuSecondsOf, machineCpuSeconds, peakRssBytes } from './machine.mjs';
import { watchScrapes } from './scrapes.mjs';
import { redisCpuSeconds, redisMemory, withStage } from './stage.mjs';
import { median, sum } from './statistics.mjs';

/** The first part of a run, while programs start and their code is compiled, is delivered but not measured. */
const WARM_UP = 0.25;
const POLL_MS = 20;
const GIVE_UP_MS = 120_000;

/**
 * One run: `count` events are enqueued, then the contender is started and delivers them all; measured is the rest after
 * the warm-up. A run in which an event is missing at the end is an error, not a figure; one that was too short to be
 * measured is done again with four times as many.
 *
 * @param {object} options
 * @param {number} [options.processes] how many of the contender's program; default 1
 * @param {object} [options.calls] see `events.mjs`
 * @param {object} [options.stage] further properties of the stage: `channels`, `env`, `nodeFlags`
 * @param {(stage: object) => Promise<void>} [options.prepare] before anything is enqueued
 */
export async function drain(contender, { count, ...options }) {
  for (let more = count; ; more *= 4) {
    const run = await drainOnce(contender, { ...options, count: more });
    if (run !== null) return run;
  }
}

/** Null: it was nearly over when the end of the warm-up was noticed, as a small run is on a machine that is busy. */
function drainOnce(contender, { sink, count, processes = 1, calls, stage: extra = {}, prepare }) {
  return withStage({ sink, eventCount: count }, async (bare) => {
    const stage = { ...bare, ...extra, eventCount: count };
    await prepare?.(stage);
    const queue = await contender.openQueue(stage);
    const filled = await fill(contender, { stage, queue, count, calls });

    for (let number = 0; number < processes; number += 1) contender.start(stage);
    const progress = progressOf(contender, { stage, queue, count });
    const from = await reach(stage, progress, count * WARM_UP);
    const scrapes = watchScrapes(stage.programs[0]);
    const to = await reach(stage, progress, count);
    const scrapeMs = await scrapes.stop();

    const ended = await endOf(contender, { stage, queue, count });
    if (count - from.done < count / 4) return null;
    return {
      ...between(from, to),
      ...filled,
      ...ended,
      ...(scrapeMs.length > 0 ? { scrapeMs: median(scrapeMs) } : {}),
    };
  });
}

/** Enqueues `count` events. Of a contender that has a queue: how fast, and what one takes of Redis. */
export async function fill(contender, { stage, queue, count, calls }) {
  const memoryBefore = await redisMemory(stage.redis);
  const cpuBefore = await redisCpuSeconds(stage.redis);
  const startedAtMs = performance.now();
  await enqueueInParts(queue, count, calls);
  if (contender.queues === false) return {};
  const seconds = (performance.now() - startedAtMs) / 1_000;
  return {
    redisBytesPerEvent: ((await redisMemory(stage.redis)) - memoryBefore) / count,
    enqueuedPerSecond: count / seconds,
    redisCpuPer1000Enqueued: (((await redisCpuSeconds(stage.redis)) - cpuBefore) * 1_000) / count,
  };
}

/**
 * Stops a contender's programs. Of `count` events each has arrived; or, when `isHeld`, is still queued.
 *
 * @throws when one is missing
 */
export async function endOf(contender, { stage, queue, count, isHeld = false }) {
  const rssBytes = sum(stage.programs.map(({ pid }) => peakRssBytes(pid)));
  await Promise.all(stage.programs.map((program) => program.stop()));
  const { connections, repeated } = await verify(contender, { stage, queue, count, isHeld });
  await queue.close();
  return { rssMb: rssBytes / 1e6, connections, acceptedTwice: repeated };
}

/** So that a million events are never in memory at a time. */
async function enqueueInParts(queue, count, calls) {
  for (let start = 0; start < count; start += 10_000) {
    await queue.enqueue(benchEvents(start, Math.min(count, start + 10_000), calls));
  }
}

/** How many events are done, and since when, Unix µs. */
export function progressOf(contender, { stage, queue, count }) {
  return async () => {
    if (contender.posts === false) {
      return { done: count - (await queue.remaining()), atUs: Date.now() * 1_000 };
    }
    const { distinct, lastAtUs } = await stage.sink.stats();
    return { done: distinct, atUs: lastAtUs };
  };
}

/** What was used up to the moment when at least `wanted` events are done. */
export async function reach(stage, progress, wanted) {
  const deadlineMs = performance.now() + GIVE_UP_MS;
  for (;;) {
    const { done, atUs } = await progress();
    if (done >= wanted) return { done, atUs, ...(await usage(stage)) };
    for (const program of stage.programs) program.assertRunning();
    if (performance.now() > deadlineMs) {
      throw new Error(`${done} of ${wanted} events after ${GIVE_UP_MS / 1_000} s`);
    }
    await sleep(POLL_MS);
  }
}

async function usage(stage) {
  const { user, system } = process.cpuUsage();
  return {
    nodeCpu: sum(stage.programs.map(({ pid }) => cpuSecondsOf(pid))),
    redisCpu: await redisCpuSeconds(stage.redis),
    sinkCpu: (await stage.sink.stats()).cpuSeconds,
    benchCpu: (user + system) / 1e6,
    machine: machineCpuSeconds(),
    atMs: performance.now(),
  };
}

/** The figures of the time between two moments. CPU is in seconds for 1,000 deliveries. */
export function between(from, to) {
  const deliveries = to.done - from.done;
  const per1000 = (name) => ((to[name] - from[name]) * 1_000) / deliveries;
  const ours = sum(['nodeCpu', 'redisCpu', 'sinkCpu', 'benchCpu'].map((name) => to[name] - from[name]));
  const seconds = (to.atMs - from.atMs) / 1_000;
  return {
    deliveriesPerSecond: deliveries / ((to.atUs - from.atUs) / 1e6),
    nodeCpuPer1000: per1000('nodeCpu'),
    redisCpuPer1000: per1000('redisCpu'),
    sinkCpuPer1000: per1000('sinkCpu'),
    measuredSeconds: seconds,
    /** Cores that other programs of this machine used meanwhile, and that its hypervisor took. */
    othersCores: Math.max(0, to.machine.used - from.machine.used - ours) / seconds,
    stolenCores: (to.machine.stolen - from.machine.stolen) / seconds,
  };
}

/** @throws when an event was lost, was never enqueued, or came without a signature */
async function verify(contender, { stage, queue, count, isHeld }) {
  const stats = await stage.sink.stats();
  const remaining = contender.queues === false ? 0 : await queue.remaining();
  const distinct = contender.posts === false ? count : stats.distinct;
  const isWhole = distinct + remaining === count && (isHeld || remaining === 0);
  if (!isWhole || stats.unknown !== 0 || stats.unsigned !== 0) {
    const found = { enqueued: count, remaining, ...stats };
    throw new Error(`${contender.name}: not every event arrived once: ${JSON.stringify(found)}`);
  }
  return stats;
}
