import { METRICS, type MetricDefinition } from '@callpost/telemetry';
import { nodeMetrics } from './known-metrics.js';
import { isAlert, type Rule } from './rule-files.js';

/** The text of docs/metrics.md. */
export function metricsPage(rules: readonly Rule[]): string {
  const all = Object.values<MetricDefinition>(METRICS);
  return `<!-- Made by \`npm run docs:metrics\` from packages/telemetry/src/metrics-catalogue.ts and the rules. Do not edit. -->
# Metrics

A worker serves them at \`/metrics\` on \`METRICS_PORT\` (9464). Names begin with \`callpost_\`, units are base units, and
labels are only \`channel\`, \`outcome\`, \`reason\`, \`origin\` and \`state\`: never an id, a number, a URL or a message. (\`callpost_build_info\` has \`version\` and \`revision\`.) At most 20
channels have a label of their own; the rest share \`other\`. What counts from zero is there at zero before it first happens.

## Of each worker

Each worker tells of itself: \`sum\`, and for counters and histograms the sum of rates.

${table(all.filter(({ source }) => source === 'process'))}

## Of the fleet

Read from Redis, and thus the same in every worker: \`max by (channel, …)\`. Summed, N workers would count everything N
times. Their help begins with \`Fleet:\`.

A scrape reads Redis at most once in 5 seconds, each channel by itself, and waits for at most 2 seconds. A reading counts
from when it was asked for. One that is 40 seconds old is shown no more, so that a worker which lost its Redis does not
outvote the others; \`callpost_queue_scrape_success_timestamp_seconds\` stays and says how old it is.

${table(all.filter(({ source }) => source === 'fleet'))}

**How events are counted whose producers nobody scrapes.** BullMQ raises a counter of its own in Redis with every \`add\` of
every client, in any language: that is \`accepted\`. \`@callpost/queue\` and \`callpost send\` look for a known id before they add, and
count \`duplicate\` and \`invalid\` apart. A foreign producer that adds a job id which is there already counts as another accepted
event, and the share of late events errs on the side of alarm. As this is Redis's counter, take the rate of the maximum
(\`channel:callpost_events_accepted:max\`), not the maximum of rates: a worker that just started saw little of it.

## Recorded by rules

| series | from |
|---|---|
${rules.flatMap((rule) => (isAlert(rule) ? [] : `| \`${rule.record}\` | \`${oneLine(rule.expr)}\` |`)).join('\n')}

## Of Node and the process

Those of prom-client: ${nodeMetrics()
    .filter((name) => !/_(sum|count)$/.test(name))
    .map((name) => `\`${name.replace(/_bucket$/, '')}\``)
    .join(', ')}.
`;
}

function table(metrics: readonly MetricDefinition[]): string {
  return ['| metric | type, unit | labels | the question |', '|---|---|---|---|', ...metrics.map(row)].join(
    '\n',
  );
}

function row({ name, type, unit, labels, help, question, buckets }: MetricDefinition): string {
  const bounds = buckets === undefined ? '' : `; up to ${buckets.join(', ')}`;
  const cells = [
    `\`${name}\``,
    `${type}, ${unit}${bounds}`,
    labels.map((label) => `\`${label}\``).join(', ') || '–',
    `**${question}** ${help}.`,
  ];
  return `| ${cells.join(' | ')} |`;
}

/** In a table a bar would end the cell. */
function oneLine(expression: string): string {
  return expression.replace(/\s+/g, ' ').trim().replaceAll('|', '\\|');
}
