import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits, each time it is called, until the next step is due. Of the time lost on a slow step no more than one step is
 * made up for: the rate is a limit, also over a short while.
 *
 * @returns false once the signal is aborted, at once
 */
export function createPace(perSecond: number, signal: AbortSignal): () => Promise<boolean> {
  const intervalMs = 1_000 / perSecond;
  let dueMs = performance.now();
  return async () => {
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    dueMs = Math.max(dueMs, performance.now() - intervalMs) + intervalMs;
    return !signal.aborted;
  };
}
