/**
 * The rules of infra/prometheus as the Prometheus operator wants them: `node infra/kubernetes/generate-rules.mjs` after
 * a change there. They have one source; with `--check` it only says, by exit code 1, that the copy is behind.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';

const RULES = new URL('../prometheus/rules/', import.meta.url);
const TARGET = new URL('components/monitoring/prometheus-rule.yaml', import.meta.url);

/** The text of the copy as it should be. */
function prometheusRule() {
  const files = existsSync(RULES) ? readdirSync(RULES).filter((name) => name.endsWith('.yml')) : [];
  const groups = files.sort().flatMap((name) => parse(readFileSync(new URL(name, RULES), 'utf8')).groups);
  const resource = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: {
      name: 'callpost',
      labels: { 'app.kubernetes.io/name': 'callpost-worker', 'app.kubernetes.io/part-of': 'callpost' },
    },
    spec: { groups },
  };
  const origin =
    '# Made by `node infra/kubernetes/generate-rules.mjs` from infra/prometheus/rules: change those.\n';
  return origin + stringify(resource, { lineWidth: 0 });
}

if (!process.argv.includes('--check')) writeFileSync(TARGET, prometheusRule());
else if (readFileSync(TARGET, 'utf8') !== prometheusRule()) {
  console.error('The copy of the rules is behind. Run: node infra/kubernetes/generate-rules.mjs');
  process.exitCode = 1;
}
