import { OUTCOMES } from '@callpost/domain';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { METRICS, type MetricDefinition } from './metrics-catalogue.js';

export interface BuildInfo {
  readonly version: string;
  readonly revision: string;
}

type MetricOf<D extends MetricDefinition> = {
  counter: Counter<D['labels'][number]>;
  gauge: Gauge<D['labels'][number]>;
  histogram: Histogram<D['labels'][number]>;
}[D['type']];

export type Metrics = { readonly [K in keyof typeof METRICS]: MetricOf<(typeof METRICS)[K]> } & {
  readonly registry: Registry;
};

/** The metrics of {@link METRICS}, and Node's own. Those of the fleet have no value before Redis was read. */
export function createMetrics(build: BuildInfo): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const entries = Object.entries(METRICS).map(([key, definition]) => [
    key,
    createMetric(definition, registry),
  ]);
  const metrics = { registry, ...Object.fromEntries(entries) } as Metrics;

  forgetFleet(metrics);
  for (const outcome of OUTCOMES) metrics.attemptDuration.zero({ outcome });
  metrics.buildInfo.set({ version: build.version, revision: build.revision }, 1);
  return metrics;
}

function createMetric(definition: MetricDefinition, registry: Registry): Counter | Gauge | Histogram {
  const { name, type, labels, source, help, buckets } = definition;
  const options = {
    name,
    help: source === 'fleet' ? `Fleet: ${help}` : help,
    labelNames: [...labels],
    registers: [registry],
  };
  if (type === 'counter') return new Counter(options);
  if (type === 'gauge') return new Gauge(options);
  return new Histogram({ ...options, buckets: [...(buckets ?? [])] });
}

/** Takes every value that was read from Redis off the page: a figure that is not there is better than a wrong one. */
export function forgetFleet(metrics: Metrics): void {
  for (const [key, { source, labels }] of Object.entries(METRICS)) {
    if (source !== 'fleet') continue;
    const metric = metrics[key as keyof typeof METRICS];
    if (labels.length > 0) metric.reset();
    // `reset` would make it 0.
    else metric.remove();
  }
}
