import { readText } from './deployment-compose.js';

interface Metric {
  readonly type: string;
  /** Read from Redis, thus the same in every worker. */
  readonly isFleet: boolean;
  readonly labels: readonly string[];
}

interface Use {
  readonly name: string;
  readonly metric: Metric | undefined;
  /** The query up to the metric. */
  readonly before: string;
  /** Between the braces; empty when there are none. */
  readonly selector: string;
}

/** What the workers export, as packages/telemetry declares it. */
export function declaredMetrics(): Map<string, Metric> {
  const source = readText('packages/telemetry/src/metrics.ts');
  const declarations = source.matchAll(/new (Counter|Gauge|Histogram)\(\{(.*?)\}\)/gs);
  return new Map([...declarations].map(([, type = '', options = '']) => metricOf(type, options)));
}

function metricOf(type: string, options: string): [string, Metric] {
  const name = /name: '(\w+)'/.exec(options)?.[1] ?? '';
  const labels = /labelNames: \[(.*?)\]/.exec(options)?.[1] ?? '';
  return [name, { type, isFleet: /help: 'Fleet:/.test(options), labels: labels.match(/\w+/g) ?? [] }];
}

/** Whatever in a PromQL query does not fit the metrics of the workers; empty when nothing. */
export function queryFaults(query: string, metrics: ReadonlyMap<string, Metric>): string[] {
  const uses = usesIn(query, metrics);
  const labels = uses.flatMap(labelsOf);
  const grouped = [...query.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', '));
  return [
    ...(uses.length === 0 ? [`no metric of Callpost in ${query}`] : []),
    ...uses.flatMap(useFaults),
    ...grouped.filter((label) => !labels.includes(label)).map((label) => `no label ${label} in ${query}`),
  ];
}

function usesIn(query: string, metrics: ReadonlyMap<string, Metric>): Use[] {
  return [...query.matchAll(/\b(callpost_\w+)(?:\{([^}]*)\})?/g)].map((match) => {
    const [, name = '', selector = ''] = match;
    const histogram = metrics.get(name.replace(/_(bucket|count|sum)$/, ''));
    const metric = histogram?.type === 'Histogram' ? histogram : metrics.get(name);
    return { name, metric, before: query.slice(0, match.index), selector };
  });
}

function useFaults(use: Use): string[] {
  if (use.metric === undefined) return [`no metric ${use.name}`];
  const selected = [...use.selector.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)].map(([, label = '']) => label);
  const unknown = selected.filter((label) => !labelsOf(use).includes(label));
  const { pattern, rule } = aggregationOf(use.metric);
  return [
    ...unknown.map((label) => `no label ${label} at ${use.name}`),
    ...(pattern.test(use.before) ? [] : [`${use.name} without ${rule}`]),
  ];
}

function labelsOf({ name, metric }: Use): string[] {
  return [...(metric?.labels ?? []), ...(name.endsWith('_bucket') ? ['le'] : [])];
}

/** How a metric of N workers becomes one figure of the fleet. */
function aggregationOf({ type, isFleet }: Metric): { readonly pattern: RegExp; readonly rule: string } {
  if (isFleet) return { pattern: /max by \(channel, state\) \($/, rule: 'max by (channel, state)' };
  if (type === 'Gauge') return { pattern: /sum(?: by \([^)]*\) )?\($/, rule: 'sum' };
  return { pattern: /sum(?: by \([^)]*\) )?\((?:rate|increase)\($/, rule: 'sum of rate or increase' };
}
