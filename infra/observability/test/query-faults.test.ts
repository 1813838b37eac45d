import { expect, it } from 'vitest';
import { knownMetrics } from '../src/known-metrics.js';
import { queryFaults } from '../src/query-faults.js';
import { readRuleFiles, rulesOf } from '../src/rule-files.js';

const metrics = knownMetrics(rulesOf(readRuleFiles()));

it.each([
  'max by (channel, state) (callpost_queue_jobs)',
  'sum(max by (channel) (callpost_queue_jobs{state="waiting"}))',
  'sum by (le) (rate(callpost_delivery_latency_seconds_bucket{origin="live", le="60"}[5m]))',
  'sum(callpost_inflight_deliveries)',
  'absent(callpost_build_info)',
  'rate(channel:callpost_events_accepted:max{channel="sales"}[5m])',
  'max by (instance) (nodejs_eventloop_lag_p99_seconds)',
])('has nothing against %s', (query) => {
  expect(queryFaults(query, metrics)).toEqual([]);
});

it.each([
  ['max(callpost_queue_job)', 'no metric callpost_queue_job'],
  ['max by (chanel) (callpost_queue_jobs)', 'no label chanel at callpost_queue_jobs'],
  ['max(callpost_queue_jobs{status="dead"})', 'no label status at callpost_queue_jobs'],
  ['sum(callpost_queue_jobs)', 'callpost_queue_jobs, the same in every worker, without max or min'],
  ['callpost_queue_jobs', 'callpost_queue_jobs, the same in every worker, without max or min'],
  [
    'max(rate(callpost_events_enqueued_total[5m]))',
    "callpost_events_enqueued_total: the rate of one worker's reading; take it of the max",
  ],
  ['max(rate(callpost_dead_letters_total[5m]))', 'callpost_dead_letters_total without sum'],
  ['sum(callpost_dead_letters_total)', 'callpost_dead_letters_total without rate or increase'],
  ['callpost_inflight_deliveries', 'callpost_inflight_deliveries without an aggregation over the workers'],
  ['channel:callpost_backlog:sum{state="dead"}', 'no label state at channel:callpost_backlog:sum'],
])('finds what is wrong with %s', (query, fault) => {
  expect(queryFaults(query, metrics)).toEqual([fault]);
});

it('refuses what is no PromQL', () => {
  expect(() => queryFaults('sum(rate(x[5m])', metrics)).toThrow(SyntaxError);
});
