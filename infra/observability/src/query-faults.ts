import type { KnownMetric } from './known-metrics.js';
import { type Selection, selectionsIn } from './promql.js';

/** Labels that Prometheus gives each worker. */
const TARGET_LABELS = ['instance', 'job'];

/** Whatever in a query does not fit the metrics; empty when nothing. */
export function queryFaults(query: string, metrics: ReadonlyMap<string, KnownMetric>): string[] {
  return selectionsIn(query).flatMap((selection) => {
    const metric = metrics.get(selection.metric);
    if (metric === undefined) return [`no metric ${selection.metric}`];
    return [...labelFaults(selection, metric), ...aggregationFaults(selection, metric)];
  });
}

function labelFaults(
  { metric: name, matchedLabels, aggregations }: Selection,
  { labels }: KnownMetric,
): string[] {
  if (labels === null) return [];
  const known = [...labels, ...TARGET_LABELS];
  const used = new Set([...matchedLabels, ...aggregations.flatMap(({ by }) => by)]);
  return [...used].filter((label) => !known.includes(label)).map((label) => `no label ${label} at ${name}`);
}

/** How a metric of N workers becomes one figure of the fleet. */
function aggregationFaults(
  { metric: name, aggregations, functions }: Selection,
  metric: KnownMetric,
): string[] {
  const [innermost] = aggregations;
  if (metric.isFleet) {
    if (innermost === undefined || !['max', 'min'].includes(innermost.operator))
      return [`${name}, the same in every worker, without max or min`];
    return functions.some(countsUp) ? [`${name}: the rate of one worker's reading; take it of the max`] : [];
  }
  if (metric.kind === 'counter' || metric.kind === 'histogram') {
    if (!functions.some(countsUp)) return [`${name} without rate or increase`];
    return innermost?.operator === 'sum' ? [] : [`${name} without sum`];
  }
  if (metric.kind === 'gauge' && innermost === undefined && !functions.includes('absent'))
    return [`${name} without an aggregation over the workers`];
  return [];
}

function countsUp(name: string): boolean {
  return name === 'rate' || name === 'increase';
}
