import type { TakeGate } from './gated-backend.js';

/** The gate of a channel for its queues, which all take from the same number of places. */
export interface SharedGate {
  /** @param isIdle whether nothing of that queue is in flight in this process */
  of(isIdle: () => boolean): TakeGate;
  /** An event, of whichever queue, was attempted and is no longer in flight. */
  onEnd(): void;
  /** More may be in flight than before. */
  onMorePlaces(): void;
  stop(): void;
}

/** Says that the wait it was told is over. */
const ASK_AT_ONCE_MS = 1;

/**
 * A queue that is held back with nothing in flight asks again as soon as an event of another one has ended, and not only
 * after the wait that it was told. Or where few may be in flight, whoever had a place first would keep it, and a place that
 * an empty queue leaves would be nobody's for half a second.
 */
export function createSharedGate(gate: TakeGate): SharedGate {
  /** Who waits longest is first. */
  const waiting = new Set<(isFree: boolean) => void>();
  let isStopped = false;

  function placeWithin(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const go = (isFree: boolean) => {
        clearTimeout(timer);
        waiting.delete(go);
        resolve(isFree);
      };
      const timer = setTimeout(() => go(false), ms);
      waiting.add(go);
    });
  }

  return {
    of: (isIdle) => ({
      mayTakeNow: () => gate.mayTakeNow(),
      async holdBackMs() {
        for (;;) {
          const holdBackMs = await gate.holdBackMs();
          if (holdBackMs === 0 || isStopped || !isIdle()) return holdBackMs;
          if (!(await placeWithin(holdBackMs))) return ASK_AT_ONCE_MS;
        }
      },
    }),
    onEnd() {
      const [first] = waiting;
      first?.(true);
    },
    onMorePlaces() {
      for (const go of [...waiting]) go(true);
    },
    stop() {
      isStopped = true;
      for (const go of [...waiting]) go(false);
    },
  };
}
