import type { KnownMetric } from '../src/known-metrics.js';

/**
 * Metrics that rules and dashboards name before the workers have them. The drift test fails when one is there and still
 * listed here.
 */
export const ARRIVING: readonly ({ readonly name: string } & KnownMetric)[] = [
  { name: 'callpost_channel_held', kind: 'gauge', labels: ['channel'], isFleet: true },
  { name: 'callpost_channel_brake_seconds', kind: 'gauge', labels: ['channel'], isFleet: true },
  { name: 'callpost_channel_state', kind: 'gauge', labels: ['channel', 'state'], isFleet: true },
  {
    name: 'callpost_channel_state_changes_total',
    kind: 'counter',
    labels: ['channel', 'state'],
    isFleet: false,
  },
  { name: 'callpost_channel_concurrency_limit', kind: 'gauge', labels: ['channel'], isFleet: false },
];
