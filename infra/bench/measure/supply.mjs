import { setTimeout as sleep } from 'node:timers/promises';
import { benchEvents } from './events.mjs';

const TOP_UP_EVERY_MS = 10;

/**
 * Enqueues as many events as are delivered, so that a queue stays about as deep as it was filled, from `goOn` until `pause`.
 *
 * @param {{ progress: () => Promise<{ done: number }>, depth: number, most: number, calls?: object }} options `most`: events
 *   in all
 */
export function supplyOf(queue, { progress, depth, most, calls }) {
  let enqueued = depth;
  let isGoing = false;
  let going = Promise.resolve();

  async function supply() {
    while (isGoing) {
      const { done } = await progress();
      const wanted = Math.min(most, depth + done);
      if (wanted > enqueued) {
        await queue.enqueue(benchEvents(enqueued, wanted, calls));
        enqueued = wanted;
      }
      await sleep(TOP_UP_EVERY_MS);
    }
  }

  return {
    enqueued: () => enqueued,
    goOn() {
      isGoing = true;
      going = supply();
    },
    /** Resolves when what is being enqueued is there. */
    pause() {
      isGoing = false;
      return going;
    },
  };
}
