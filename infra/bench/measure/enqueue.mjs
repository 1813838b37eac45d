import { performance } from 'node:perf_hooks';
import { bareQueue, callpostQueue } from '../contenders/contenders.mjs';
import { benchEvents } from './events.mjs';
import { withStage } from './stage.mjs';

const AT_ONCE = 100;

/**
 * Callpost's ways in beside BullMQ's own. `…AtOnce`: a hundred calls under way at a time; `…OneByOne`: each awaited;
 * many: chunks of 200, one after the other.
 */
const WAYS = {
  addBulk: { open: bare, enqueue: (queue, events) => queue.enqueue(events) },
  sendMany: { open: callpostQueue, enqueue: (queue, events) => queue.enqueue(events) },
  addAtOnce: { open: bare, enqueue: atOnce },
  sendAtOnce: { open: callpostQueue, enqueue: atOnce },
  addOneByOne: { open: bare, enqueue: oneByOne, share: 0.2 },
  sendOneByOne: { open: callpostQueue, enqueue: oneByOne, share: 0.2 },
};

/**
 * Events enqueued a second, each way once for every round, in one Redis that is emptied in between.
 *
 * @returns {Promise<Record<string, number>[]>} one record for each round; a round before them warmed up
 */
export function enqueueRates({ sink, count, rounds }) {
  return withStage({ sink, eventCount: 0 }, async (stage) => {
    const measured = [];
    for (let round = 0; round <= rounds; round += 1) {
      const rates = {};
      for (const [name, way] of Object.entries(WAYS)) rates[name] = await rateOf(way, { stage, count });
      if (round > 0) measured.push(rates);
    }
    return measured;
  });
}

async function rateOf({ open, enqueue, share = 1 }, { stage, count }) {
  await stage.redis.client.flushall();
  const queue = await open(stage);
  const events = benchEvents(0, Math.round(count * share));
  const startedAtMs = performance.now();
  await enqueue(queue, events);
  const seconds = (performance.now() - startedAtMs) / 1_000;
  await queue.close();
  return events.length / seconds;
}

function bare(stage) {
  return bareQueue(stage, 'calls');
}

async function atOnce(queue, events) {
  const rest = events.values();
  const one = async () => {
    for (const event of rest) await queue.enqueueOne(event);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

async function oneByOne(queue, events) {
  for (const event of events) await queue.enqueueOne(event);
}
