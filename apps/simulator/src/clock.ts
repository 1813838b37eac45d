/** Passed in, so that a test can let an hour pass. */
export interface Clock {
  /** Unix ms. */
  nowMs(): number;
  /** Ms since some moment, never running backwards: for durations. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
