import type { Logger } from './logger.js';

export interface ErrorLog {
  /** @param what which part failed, in a few words; the text of the line */
  report(what: string, error: unknown): void;
}

/**
 * At most one line a second for each `what`: a Redis that is away or out of memory makes hundreds of errors a second,
 * and a full disk would be the next outage. A line says how many like it were left out since the one before.
 *
 * @param now Unix ms
 */
export function createErrorLog(logger: Logger, now: () => number): ErrorLog {
  const seen = new Map<string, { lastAtMs: number; suppressed: number }>();
  return {
    report(what, error) {
      const entry = seen.get(what);
      if (entry !== undefined && now() - entry.lastAtMs < 1_000) {
        entry.suppressed += 1;
        return;
      }
      seen.set(what, { lastAtMs: now(), suppressed: 0 });
      logger.error({ error, ...(entry?.suppressed ? { suppressed: entry.suppressed } : {}) }, what);
    },
  };
}
