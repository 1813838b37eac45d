/**
 * Timestamps for events in the order in which a producer hands them over: Unix ms, with a fraction that counts the events
 * of the same millisecond. A file of events is enqueued within few milliseconds, and should its events die, a replay
 * still has to know which came first. BullMQ and everybody else read the timestamp as a whole number.
 */
export function createOrderStamp(now: () => number): () => number {
  let lastMs = 0;
  let count = 0;
  return () => {
    const nowMs = now();
    count = nowMs === lastMs ? Math.min(count + 1, 999) : 0;
    lastMs = nowMs;
    return nowMs + count / 1_000;
  };
}
