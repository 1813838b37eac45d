import { createMetrics, METRICS, type MetricDefinition } from '@callpost/telemetry';
import { isAlert, type Rule } from './rule-files.js';

type Kind = 'counter' | 'gauge' | 'histogram' | 'recorded' | 'foreign';

/** A metric that a query may name. */
export interface KnownMetric {
  readonly kind: Kind;
  /** Null: any, since we don't declare it. */
  readonly labels: readonly string[] | null;
  /** Read from Redis, thus the same in every worker. */
  readonly isFleet: boolean;
}

/** Made by Prometheus itself. */
const FOREIGN = ['up', 'ALERTS'];

/** Everything that rules and dashboards may ask for, by the name that a query uses. */
export function knownMetrics(rules: readonly Rule[]): Map<string, KnownMetric> {
  const own = Object.values<MetricDefinition>(METRICS);
  return new Map<string, KnownMetric>([
    ...[...FOREIGN, ...nodeMetrics()].map(
      (name) => [name, { kind: 'foreign', labels: null, isFleet: false }] as const,
    ),
    ...own.flatMap(namesInQueries),
    ...rules.flatMap((rule) => (isAlert(rule) ? [] : [[rule.record, recorded(rule.record)] as const])),
  ]);
}

/** Those that prom-client adds by itself. */
export function nodeMetrics(): string[] {
  const { registry } = createMetrics({ version: '', revision: '' });
  return registry.getMetricsAsArray().flatMap((metric) => {
    const { name, type } = metric as unknown as { name: string; type: string };
    if (name.startsWith('callpost_')) return [];
    return type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
  });
}

function namesInQueries({ name, type, labels, source }: MetricDefinition): [string, KnownMetric][] {
  const isFleet = source === 'fleet';
  if (type !== 'histogram') return [[name, { kind: type, labels, isFleet }]];
  return [
    [`${name}_bucket`, { kind: type, labels: [...labels, 'le'], isFleet }],
    [`${name}_sum`, { kind: type, labels, isFleet }],
    [`${name}_count`, { kind: type, labels, isFleet }],
  ];
}

/** The part before the first colon says which labels are left: `channel_state:…`; `fleet` for none. */
function recorded(name: string): KnownMetric {
  const [level = ''] = name.split(':');
  return { kind: 'recorded', labels: level === 'fleet' ? [] : level.split('_'), isFleet: false };
}
