import { within } from './within.js';

/** Null: healthy. Otherwise why not, in words. */
export type Health = () => Promise<string | null>;

/** What is under way, to see whether any of it is stuck and how much there is. */
export interface InFlight {
  readonly size: () => number;
  /** Until it ends. @returns it */
  track<T>(underWay: Promise<T>): Promise<T>;
  /** Ms; 0 when none is under way. */
  oldestAgeMs(): number;
}

/** Places of an array that are used again: as it would grow and shrink, a Map would leave its old tables to be collected. */
export function createInFlight(now: () => number): InFlight {
  const startedAtMs: (number | null)[] = [];
  const free: number[] = [];
  return {
    size: () => startedAtMs.length - free.length,
    track(underWay) {
      const place = free.pop() ?? startedAtMs.length;
      startedAtMs[place] = now();
      const end = () => {
        startedAtMs[place] = null;
        free.push(place);
      };
      underWay.then(end, end);
      return underWay;
    },
    oldestAgeMs() {
      const started = startedAtMs.filter((atMs) => atMs !== null);
      return started.length === 0 ? 0 : now() - Math.min(...started);
    },
  };
}

/**
 * Liveness: that this answers at all shows that the event loop turns; and no POST outlives its own deadline by far. Never
 * Redis, nor an attempt that waits for it: restarting every worker would not bring a Redis back, it would only forget what
 * was delivered and could not be settled yet, which is then sent again.
 */
export function livenessOf(posts: Pick<InFlight, 'oldestAgeMs'>, requestTimeoutMs: number): Health {
  const limitMs = 2 * requestTimeoutMs + 30_000;
  return async () => {
    const ageMs = posts.oldestAgeMs();
    return ageMs > limitMs ? `a POST has been under way for ${ageMs} ms` : null;
  };
}

/**
 * Readiness: Redis answers in time, and nothing in the worker itself speaks against it.
 *
 * @param ownTrouble why the worker is not ready whatever Redis says, in words; null for nothing
 */
export function readinessOf(ping: () => Promise<unknown>, ownTrouble: () => string | null): Health {
  return async () => ownTrouble() ?? ((await answersInTime(ping)) ? null : 'Redis does not answer');
}

const PING_TIMEOUT_MS = 1_000;

async function answersInTime(ping: () => Promise<unknown>): Promise<boolean> {
  const answer = ping().then(
    () => true,
    () => false,
  );
  return (await within(answer, PING_TIMEOUT_MS)) === true;
}
