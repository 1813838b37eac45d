import type { AttemptEntry } from './attempt-entry.js';
import type { Logger } from './logger.js';
import type { Metrics } from './metrics.js';

/** A retry is expected to heal by itself; a dead letter needs a person. */
const LEVEL = { delivered: 'info', interrupted: 'info', retry: 'warn', dead: 'error' } as const;

/** Tells of one attempt: one wide line, and the metrics from the very same facts. */
export function observeAttempt(
  entry: AttemptEntry,
  {
    logger,
    metrics,
    channelLabel,
  }: { logger: Logger; metrics: Metrics; channelLabel: (channel: string) => string },
): void {
  logger[LEVEL[entry.outcome]](entry, 'attempt');

  const channel = channelLabel(entry.channel);
  const { outcome, origin, attempt } = entry;
  const reason = entry.reason ?? '';
  metrics.attempts.inc({ channel, outcome, reason });
  metrics.attemptDuration.observe({ outcome }, entry.durationMs / 1_000);
  if (attempt === 1) metrics.queueWait.observe(Math.max(0, entry.latencyMs - entry.durationMs) / 1_000);
  if (outcome === 'delivered')
    metrics.latency.observe({ channel, origin }, Math.max(0, entry.latencyMs) / 1_000);
  if (entry.overtaken !== undefined) metrics.laneOvertakes.inc({ channel });
  if (outcome === 'dead') metrics.deadLetters.inc({ channel, reason });
  if (outcome === 'delivered' || outcome === 'dead') {
    metrics.attemptsPerEvent.observe(attempt);
    if (origin === 'replay') metrics.replayed.inc({ channel, outcome });
  }
}
