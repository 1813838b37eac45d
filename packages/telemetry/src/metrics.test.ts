import { expect, it } from 'vitest';
import { createMetrics, forgetFleet } from './metrics.js';
import { createChannelMetrics } from './metrics-of-channel.js';

const create = () => createMetrics({ version: '1.2.3', revision: 'abc' });
const linesOf = async (metrics: ReturnType<typeof create>) => (await metrics.registry.metrics()).split('\n');

it('has nothing to say of Redis before it was read, nor after it was forgotten', async () => {
  const metrics = create();
  const fleet = async () =>
    (await linesOf(metrics)).filter((line) =>
      /^callpost_(queue_jobs|redis_memory_used|events_enq)/.test(line),
    );
  expect(await fleet()).toEqual([]);
  metrics.queueJobs.set({ channel: 'sales', state: 'dead' }, 3);
  metrics.redisMemoryUsed.set(1);
  metrics.eventsEnqueued.inc({ channel: 'sales', outcome: 'accepted' }, 7);
  expect(await fleet()).toHaveLength(3);
  forgetFleet(metrics);
  expect(await fleet()).toEqual([]);
});

it('says in the help of each metric of the fleet that it is one', async () => {
  const help = (await linesOf(create())).filter((line) => line.startsWith('# HELP callpost_'));
  expect(help.find((line) => line.includes('callpost_queue_jobs'))).toContain(' Fleet: ');
  expect(help.find((line) => line.includes('callpost_dead_letters_total'))).not.toContain('Fleet');
});

it('shows the series of a channel at zero before anything happens, and leaves them alone when it opens again', async () => {
  const metrics = create();
  const open = createChannelMetrics(metrics);
  open('sales');
  for (const line of [
    'callpost_delivery_attempts_total{channel="sales",outcome="dead",reason="http_401"} 0',
    'callpost_dead_letters_total{channel="sales",reason="http_422"} 0',
    'callpost_delivery_latency_seconds_bucket{le="60",channel="sales",origin="live"} 0',
    'callpost_replayed_total{channel="sales",outcome="delivered"} 0',
  ]) {
    expect(await linesOf(metrics)).toContain(line);
  }
  metrics.latency.observe({ channel: 'sales', origin: 'live' }, 1);
  metrics.deadLetters.inc({ channel: 'sales', reason: 'http_422' });
  open('sales');
  expect(await linesOf(metrics)).toEqual(
    expect.arrayContaining([
      'callpost_delivery_latency_seconds_count{channel="sales",origin="live"} 1',
      'callpost_dead_letters_total{channel="sales",reason="http_422"} 1',
    ]),
  );
});
