import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { reach } from './drain.mjs';
import { benchEvents } from './events.mjs';
import { withStage } from './stage.mjs';
import { quantile } from './statistics.mjs';

/** Events that are due within this time are handed over together, as a busy producer's are. */
const TICK_MS = 5;
/** Delivered before anything is measured, so that the contender's code is compiled. */
const WARM_UP = 3_000;
/** Of each rate, the first part is not measured: the load has just begun. */
const SETTLE = 0.2;

/**
 * How long events take from being handed to the queue until the sink accepts them, at a steady rate each. The clock runs
 * from the moment an event is due, so a producer that is late does not hide a wait.
 *
 * @param {{ sink: object, rates: readonly { perSecond: number, seconds: number }[], env: Record<string, string> }} options `env`:
 *   of Callpost's worker
 * @returns {Promise<{ perSecond: number, p50Ms: number, p99Ms: number, events: number }[]>} one for each rate
 */
export function latency(contender, { sink, rates, env }) {
  const counts = rates.map(({ perSecond, seconds }) => Math.round(perSecond * seconds));
  const eventCount = counts.reduce((total, count) => total + count, WARM_UP);
  return withStage({ sink, eventCount }, async (bare) => {
    const stage = { ...bare, env, eventCount };
    const queue = await contender.openQueue(stage);
    await queue.enqueue(benchEvents(0, WARM_UP));
    contender.start(stage);
    const progress = async () => ({ done: (await stage.sink.stats()).distinct, atUs: 0 });
    await reach(stage, progress, WARM_UP);

    const measured = [];
    let first = WARM_UP;
    for (const [place, { perSecond }] of rates.entries()) {
      const count = counts[place];
      const dueAtUs = await produce(queue, { first, count, perSecond });
      await reach(stage, progress, first + count);
      measured.push({ perSecond, first, dueAtUs });
      first += count;
    }
    const acceptedAtUs = await stage.sink.times();
    await queue.close();
    return measured.map(({ perSecond, first: start, dueAtUs }) => {
      const waitsMs = dueAtUs
        .map((atUs, index) => (acceptedAtUs[start + index] - atUs) / 1_000)
        .slice(Math.floor(SETTLE * dueAtUs.length));
      return {
        perSecond,
        p50Ms: quantile(waitsMs, 0.5),
        p99Ms: quantile(waitsMs, 0.99),
        events: waitsMs.length,
      };
    });
  });
}

/** Hands over `count` events at a steady rate, whether or not the queue keeps up. Resolves to when each was due, Unix µs. */
async function produce(queue, { first, count, perSecond }) {
  const nowUs = await wallClock();
  const startUs = nowUs();
  const dueAtUs = Array.from({ length: count }, (_, index) => startUs + (index * 1e6) / perSecond);
  const handedOver = [];
  let next = 0;
  while (next < count) {
    const due = Math.min(count, Math.floor(((nowUs() - startUs) / 1e6) * perSecond) + 1);
    if (due > next) handedOver.push(queue.enqueue(benchEvents(first + next, first + due)));
    next = Math.max(next, due);
    await sleep(TICK_MS);
  }
  await Promise.all(handedOver);
  return dueAtUs;
}

/** The wall clock in µs, as the sink reads it. Node has it in ms only, so this waits for one to begin. */
async function wallClock() {
  const ms = Date.now();
  while (Date.now() === ms);
  const offsetMs = Date.now() - performance.now();
  return () => Math.round((offsetMs + performance.now()) * 1_000);
}
