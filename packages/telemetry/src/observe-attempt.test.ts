import { expect, it } from 'vitest';
import type { AttemptEntry } from './attempt-entry.js';
import { createChannelLabel } from './channel-label.js';
import { createLogger } from './logger.js';
import { createMetrics } from './metrics.js';
import { observeAttempt } from './observe-attempt.js';

function observer() {
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({
    level: 'info',
    base: { worker: 'host:1' },
    destination: { write: (line: string) => lines.push(JSON.parse(line)) },
  });
  const metrics = createMetrics({ version: '1.2.3', revision: 'abc' });
  const channelLabel = createChannelLabel();
  return {
    lines,
    metrics,
    observe: (entry: AttemptEntry) => observeAttempt(entry, { logger, metrics, channelLabel }),
  };
}

const entry: AttemptEntry = {
  channel: 'sales',
  eventId: 'event-1',
  jobId: 'e.event-1',
  attempt: 1,
  origin: 'live',
  outcome: 'delivered',
  status: 201,
  durationMs: 40,
  latencyMs: 140,
};

it('writes one line, with every fact and the level of the outcome', () => {
  const { lines, observe } = observer();
  observe(entry);
  observe({ ...entry, outcome: 'retry', reason: 'http_5xx', status: 503, retryInMs: 900 });
  observe({ ...entry, outcome: 'dead', reason: 'http_422', status: 422 });
  expect(lines).toMatchObject([
    { level: 30, msg: 'attempt', worker: 'host:1', ...entry },
    { level: 40, outcome: 'retry', reason: 'http_5xx', retryInMs: 900 },
    { level: 50, outcome: 'dead', reason: 'http_422' },
  ]);
});

it('counts the same facts', async () => {
  const { metrics, observe } = observer();
  observe({ ...entry, outcome: 'retry', reason: 'http_5xx' });
  observe({ ...entry, attempt: 2, latencyMs: 3_000 });
  observe({ ...entry, attempt: 3, outcome: 'dead', reason: 'http_422' });
  const text = await metrics.registry.metrics();
  for (const line of [
    'callpost_delivery_attempts_total{channel="sales",outcome="retry",reason="http_5xx"} 1',
    'callpost_delivery_attempts_total{channel="sales",outcome="delivered",reason=""} 1',
    'callpost_dead_letters_total{channel="sales",reason="http_422"} 1',
    'callpost_delivery_latency_seconds_sum{channel="sales",origin="live"} 3',
    'callpost_delivery_attempts_per_event_sum 5',
    'callpost_queue_wait_seconds_count 1',
    'callpost_build_info{version="1.2.3",revision="abc"} 1',
  ]) {
    expect(text).toContain(`${line}\n`);
  }
});

it('counts what became of replayed letters, each once', async () => {
  const { metrics, observe } = observer();
  observe({ ...entry, origin: 'replay', outcome: 'retry', reason: 'http_5xx' });
  observe({ ...entry, origin: 'replay' });
  observe({ ...entry, origin: 'replay', outcome: 'dead', reason: 'http_422' });
  observe(entry);
  const text = await metrics.registry.metrics();
  expect(text.match(/^callpost_replayed_total.*$/gm)).toEqual([
    'callpost_replayed_total{channel="sales",outcome="delivered"} 1',
    'callpost_replayed_total{channel="sales",outcome="dead"} 1',
  ]);
});

it('lets at most 20 channels have a label of their own', async () => {
  const { metrics, observe } = observer();
  for (let index = 0; index < 30; index += 1) observe({ ...entry, channel: `channel-${index}` });
  const text = await metrics.registry.metrics();
  expect(text).toContain(
    'callpost_delivery_attempts_total{channel="channel-19",outcome="delivered",reason=""} 1',
  );
  expect(text).toContain(
    'callpost_delivery_attempts_total{channel="other",outcome="delivered",reason=""} 10',
  );
  expect(text).not.toContain('channel-20');
});
