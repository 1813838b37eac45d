import { nodesOf, parseQuery } from './promql.js';
import type { AlertRule, RuleFile } from './rule-files.js';

/*
 * A test cannot wait for 6 minutes, so the configuration that is deployed is run faster: every duration in it is divided
 * by one factor. That is scrape and evaluation intervals, `for`, the windows of queries, and the times of Alertmanager.
 * Nothing else is changed: no threshold, no label, no route. (So what compares seconds, such as an age over 300, does not
 * come sooner.)
 */

/** `4m` as `8s`, divided by 30. */
export function fasterDuration(duration: string, factor: number): string {
  return `${Math.max(1, Math.round(milliseconds(duration) / factor))}ms`;
}

export function fasterQuery(query: string, factor: number): string {
  const durations = nodesOf(parseQuery(query), 'NumberDurationLiteralInDurationContext');
  return durations.reduceRight(
    (text, { from, to }) =>
      text.slice(0, from) + fasterDuration(text.slice(from, to), factor) + text.slice(to),
    query,
  );
}

export function fasterRules({ groups }: RuleFile, factor: number): RuleFile {
  return {
    groups: groups.map(({ name, rules }) => ({
      name,
      rules: rules.map((rule) => ({
        ...rule,
        expr: fasterQuery(rule.expr, factor),
        ...('for' in rule ? { for: fasterDuration((rule as AlertRule).for ?? '0s', factor) } : {}),
      })),
    })),
  };
}

/** Every value of these keys anywhere in a configuration. */
export function fasterConfig<T>(config: T, keys: readonly string[], factor: number): T {
  if (Array.isArray(config)) return config.map((item) => fasterConfig(item, keys, factor)) as T;
  if (config === null || typeof config !== 'object') return config;
  const entries = Object.entries(config).map(([key, value]) => [
    key,
    keys.includes(key) ? fasterDuration(String(value), factor) : fasterConfig(value, keys, factor),
  ]);
  return Object.fromEntries(entries) as T;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

function milliseconds(duration: string): number {
  const parts = [...duration.matchAll(/(\d+)(ms|[smhdw])/g)];
  return parts.reduce((sum, [, count, unit = 's']) => sum + Number(count) * (UNIT_MS[unit] ?? 0), 0);
}
