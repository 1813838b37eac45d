import type { TakeGate } from '../event-backend.js';

/** The gate of a channel for its queues, which all take from the same number of places. */
export interface SharedGate {
  /** @param isIdle whether nothing of that queue is in flight in this process */
  of(isIdle: () => boolean): TakeGate;
  /** An event, of whichever queue, is no longer in flight. */
  onEnd(): void;
  stop(): void;
}

/** Says that the wait it was told is over. */
const ASK_AT_ONCE_MS = 1;

/**
 * A queue that is held back with nothing in flight asks again as soon as an event of another one has ended, and not only
 * after the wait that it was told; and that event's place is left to it. Or where few may be in flight, one queue would
 * keep them all, and those that others leave would be empty for half a second each.
 */
export function createSharedGate(gate: TakeGate): SharedGate {
  const waiting = new Set<(isFree: boolean) => void>();
  let isLeftToOthers = false;
  let isStopped = false;

  function wake(isFree: boolean): void {
    for (const go of [...waiting]) go(isFree);
  }

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
      async holdBackMs() {
        for (;;) {
          const holdBackMs = await gate.holdBackMs();
          if (holdBackMs === 0 || isStopped || !isIdle()) return holdBackMs;
          if (!(await placeWithin(holdBackMs))) return ASK_AT_ONCE_MS;
        }
      },
      mayTakeNow() {
        const isTaken = isLeftToOthers;
        isLeftToOthers = false;
        return !isTaken && gate.mayTakeNow();
      },
    }),
    onEnd() {
      isLeftToOthers = waiting.size > 0;
      wake(true);
    },
    stop() {
      isStopped = true;
      wake(false);
    },
  };
}
