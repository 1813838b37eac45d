import { setTimeout as sleep } from 'node:timers/promises';
import { between, enqueueInParts, reach } from './drain.mjs';
import { benchEvents } from './events.mjs';
import { peakRssBytes } from './machine.mjs';
import { watchScrapes } from './scrapes.mjs';
import { withStage } from './stage.mjs';
import { median } from './statistics.mjs';

const WARM_UP = 0.25;
const TOP_UP_EVERY_MS = 10;

/**
 * A run over a queue that is held at about `depth` waiting events: as many are enqueued as are delivered, until `count`
 * are. At the end every event has arrived once or is still queued.
 */
export function drainHeld(contender, { sink, env, depth, count }) {
  // A worker that is faster than the bench's look at it delivers more than `count`; the sink must know those too.
  const eventCount = depth + 2 * count;
  return withStage({ sink, eventCount }, async (bare) => {
    const stage = { ...bare, env, eventCount };
    const queue = await contender.openQueue(stage);
    await enqueueInParts(queue, depth);
    contender.start(stage);
    const progress = async () => {
      const { distinct, lastAtUs } = await stage.sink.stats();
      return { done: distinct, atUs: lastAtUs };
    };
    const toppingUp = topUp(queue, { progress, depth, eventCount });
    const from = await reach(stage, progress, count * WARM_UP);
    const scrapes = watchScrapes(stage.programs[0]);
    const to = await reach(stage, progress, count);
    const scrapeMs = await scrapes.stop();
    const enqueued = await toppingUp.stop();
    const rssMb = peakRssBytes(stage.programs[0].pid) / 1e6;
    await Promise.all(stage.programs.map((program) => program.stop()));

    const [remaining, { distinct, repeated }] = [await queue.remaining(), await stage.sink.stats()];
    if (distinct + remaining !== enqueued) {
      throw new Error(`${enqueued} enqueued, ${distinct} arrived, ${remaining} still queued`);
    }
    await queue.close();
    return { ...between(from, to), rssMb, scrapeMs: median(scrapeMs), acceptedTwice: repeated };
  });
}

/** `stop` resolves to how many events were enqueued in all. */
function topUp(queue, { progress, depth, eventCount }) {
  let enqueued = depth;
  let isOver = false;
  const going = go();

  async function go() {
    while (!isOver) {
      const { done } = await progress();
      const wanted = Math.min(eventCount, depth + done);
      if (wanted > enqueued) {
        await queue.enqueue(benchEvents(enqueued, wanted));
        enqueued = wanted;
      }
      await sleep(TOP_UP_EVERY_MS);
    }
    return enqueued;
  }

  return {
    stop() {
      isOver = true;
      return going;
    },
  };
}
