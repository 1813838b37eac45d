import type { Outcome, Reason } from '@callpost/domain';
import type { Metrics } from './metrics.js';

/** Which reasons an outcome has by default. Another pair, such as one of RETRYABLE_STATUS, appears when it first happens. */
const USUAL_REASONS: Readonly<Record<Outcome, readonly (Reason | '')[]>> = {
  delivered: [''],
  retry: [
    'http_408',
    'http_425',
    'http_429',
    'http_5xx',
    'timeout',
    'dns',
    'connect',
    'tls',
    'reset',
    'protocol',
    'network',
  ],
  dead: [
    'http_400',
    'http_401',
    'http_403',
    'http_404',
    'http_409',
    'http_410',
    'http_413',
    'http_415',
    'http_422',
    'http_4xx',
    'misconfigured',
    'invalid_event',
    'expired',
    'exhausted',
    'stalled',
  ],
  interrupted: ['shutdown', 'lock_lost', 'channel_held'],
};

/**
 * What to call with the label of a channel before its first attempt. It makes every series of the channel that counts
 * from zero appear at zero: a counter that appears with its first event has no increase that Prometheus could see, so
 * the first refusals of a burst would not count, and of a worker that starts in an outage nothing could be divided.
 * A channel that is opened again goes on where it was.
 */
export function createChannelMetrics(metrics: Metrics): (channel: string) => void {
  const opened = new Set<string>();
  return (channel) => {
    if (opened.has(channel)) return;
    opened.add(channel);
    for (const [outcome, reasons] of Object.entries(USUAL_REASONS)) {
      for (const reason of reasons) metrics.attempts.inc({ channel, outcome, reason }, 0);
    }
    for (const reason of USUAL_REASONS.dead) metrics.deadLetters.inc({ channel, reason }, 0);
    for (const outcome of ['delivered', 'dead']) metrics.replayed.inc({ channel, outcome }, 0);
    for (const origin of ['live', 'replay']) metrics.latency.zero({ channel, origin });
    metrics.deadLettersDropped.inc({ channel }, 0);
    metrics.laneOvertakes.inc({ channel }, 0);
    for (const state of ['flowing', 'braked', 'recovering', 'waiting', 'held']) {
      metrics.channelChanges.inc({ channel, state }, 0);
    }
  };
}
