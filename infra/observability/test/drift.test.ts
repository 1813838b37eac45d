import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { METRICS, type MetricDefinition } from '@callpost/telemetry';
import { describe, expect, it } from 'vitest';
import { grafanaDashboard } from '../src/dashboards/grafana.js';
import { DASHBOARDS, queriesOf } from '../src/dashboards/index.js';
import { knownMetrics } from '../src/known-metrics.js';
import { metricsPage } from '../src/metrics-page.js';
import { selectionsIn } from '../src/promql.js';
import { queryFaults } from '../src/query-faults.js';
import {
  DASHBOARDS_FOLDER,
  listFiles,
  ROOT,
  RUNBOOKS_FOLDER,
  readText,
  readYaml,
} from '../src/repository.js';
import { isAlert, readRuleFiles, rulesOf } from '../src/rule-files.js';

// Code, page, rules, dashboards, runbooks and Alertmanager say the same. What is not in step is listed by what fails.

const ownMetrics: readonly MetricDefinition[] = Object.values(METRICS);
const rules = rulesOf(readRuleFiles());
const alerts = rules.filter(isAlert);
const metrics = knownMetrics(rules);

const CLI = join(ROOT, 'apps/cli/dist/main.js');

describe('the catalogue', () => {
  it('has names that say type and unit as Prometheus wants it', () => {
    for (const { name, type, unit, labels } of ownMetrics) {
      expect(name.endsWith('_total'), name).toBe(type === 'counter');
      if (unit === 'seconds' || unit === 'bytes') expect(name).toMatch(new RegExp(`_${unit}$`));
      if (name === METRICS.buildInfo.name) continue;
      for (const label of labels)
        expect(['channel', 'outcome', 'reason', 'origin', 'state']).toContain(label);
    }
  });

  it('is what docs/metrics.md says; `npm run docs:metrics` writes it', () => {
    expect(readText('docs/metrics.md')).toBe(metricsPage(rules));
  });

  it('is used: every metric is in a rule or on a dashboard', () => {
    const queries = [...rules.map(({ expr }) => expr), ...DASHBOARDS.flatMap(queriesOf)];
    const used = new Set(
      queries.flatMap((query) =>
        selectionsIn(query.replaceAll('[$__rate_interval]', '[5m]')).map(({ metric }) => metric),
      ),
    );
    const unused = ownMetrics.filter(
      ({ name }) => !['', '_bucket', '_sum', '_count'].some((end) => used.has(name + end)),
    );
    expect(unused.map(({ name }) => name)).toEqual([]);
  });
});

describe('the rules', () => {
  it.each(rules)('$record$alert asks for what there is, one figure for the fleet', ({ expr }) => {
    expect(queryFaults(expr, metrics)).toEqual([]);
  });

  it.each(alerts)(
    '$alert wakes someone, or is a ticket, and says what to do',
    ({ alert, labels, annotations }) => {
      expect(['page', 'ticket', 'none']).toContain(labels.severity);
      expect(annotations.runbook_url).toBe(`${RUNBOOKS_FOLDER}/${alert}.md`);
      expect(existsSync(join(ROOT, annotations.runbook_url)), annotations.runbook_url).toBe(true);
      expect(annotations.summary).not.toBe('');
    },
  );
});

describe('the runbooks', () => {
  const pages = listFiles(RUNBOOKS_FOLDER, '.md').filter((path) => !path.endsWith('/README.md'));

  it('are those of the alerts, and all are in the list', () => {
    const names = alerts.map(({ alert }) => alert);
    expect(pages.map((path) => path.replace(`${RUNBOOKS_FOLDER}/`, '').replace('.md', ''))).toEqual(
      names.toSorted(),
    );
    const list = readText(`${RUNBOOKS_FOLDER}/README.md`);
    for (const name of names) expect(list).toContain(`](${name}.md)`);
  });

  it.each(pages)('%s says what it means, what to look at and what to type', (path) => {
    const text = readText(path);
    for (const heading of ['## What it means', '## Look at', '## Do']) expect(text).toContain(heading);
    for (const [, name = ''] of text.matchAll(/`(callpost_\w+)/g)) {
      expect(metrics.has(name) || metrics.has(`${name}_bucket`), name).toBe(true);
    }
    for (const [, words = ''] of text.replace(/\s+/g, ' ').matchAll(/\bcallpost ([a-z]+(?: [a-z]+)?)/g)) {
      expect(isCommand(words), `callpost ${words}`).toBe(true);
    }
  });
});

describe('other pages', () => {
  const pages = [
    ...listFiles('docs', '.md'),
    'apps/worker/README.md',
    'infra/kubernetes/components/autoscaling/scaled-object.yaml',
  ];

  it.each(pages)('%s names only metrics that exist', (path) => {
    const named = [...readText(path).matchAll(/\b(callpost_\w+|\w+:callpost_\w+:\w+)/g)].map(
      ([name]) => name,
    );
    expect(named.filter((name) => !metrics.has(name) && !metrics.has(`${name}_bucket`))).toEqual([]);
  });
});

/** Whether the built CLI knows a command, with or without the second word, which may be an argument. */
function isCommand(words: string): boolean {
  const [first = '', second = ''] = words.split(' ');
  return [[first, second], [first]].some((names) => {
    const { stdout } = spawnSync(process.execPath, [CLI, ...names, '--help'], { encoding: 'utf8' });
    return stdout.startsWith(`Usage: callpost ${names.join(' ')} `) && !stdout.includes('\nCommands:');
  });
}

describe('the dashboards', () => {
  it.each(DASHBOARDS)('$title is what its JSON says; `npm run docs:metrics` writes it', (dashboard) => {
    const written = JSON.parse(readText(`${DASHBOARDS_FOLDER}/${dashboard.uid}.json`)) as object;
    expect(written).toEqual(JSON.parse(JSON.stringify(grafanaDashboard(dashboard))));
  });

  it('are all there is in the folder', () => {
    const files = DASHBOARDS.map(({ uid }) => `${DASHBOARDS_FOLDER}/${uid}.json`);
    expect(listFiles(DASHBOARDS_FOLDER, '.json')).toEqual(files.toSorted());
  });

  it.each(DASHBOARDS.flatMap(queriesOf))('asks for what there is: %s', (query) => {
    expect(queryFaults(query.replaceAll('[$__rate_interval]', '[5m]'), metrics)).toEqual([]);
  });

  it.each(DASHBOARDS)('$title names only alerts that exist', ({ rows }) => {
    const named = rows.flatMap(({ panels }) => panels.flatMap((panel) => panel.alerts ?? []));
    expect(named.filter((name) => !alerts.some(({ alert }) => alert === name))).toEqual([]);
  });

  it('ask the data source that is provisioned', () => {
    const provisioned = readYaml('infra/grafana/provisioning/datasources/prometheus.yml') as {
      datasources: { uid: string }[];
    };
    for (const { uid } of DASHBOARDS) {
      const text = readText(`${DASHBOARDS_FOLDER}/${uid}.json`);
      const asked = text.matchAll(/"type": "prometheus",\s+"uid": "([^"]+)"/g);
      expect(new Set([...asked].map(([, name]) => name))).toEqual(new Set([provisioned.datasources[0]?.uid]));
    }
  });
});

describe('Alertmanager', () => {
  it('silences only alerts that exist', () => {
    const text = readText('infra/alertmanager/alertmanager.yml');
    const named = [...text.matchAll(/\bCallpost\w+(?:\.\*)?/g)].map(([name]) => name);
    expect(named.length).toBeGreaterThan(10);
    const missing = named.filter((name) => !alerts.some(({ alert }) => new RegExp(`^${name}$`).test(alert)));
    expect(missing).toEqual([]);
  });
});
