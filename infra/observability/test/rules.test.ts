import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createChannelMetrics, createMetrics } from '@callpost/telemetry';
import { describe, expect, it } from 'vitest';
import { findSurvivors } from '../src/mutations/survivors.js';
import { findTool, type Tool } from '../src/processes.js';
import { listFiles, ROOT, RULE_TESTS_FOLDER, RULES_FOLDER } from '../src/repository.js';
import { unlessMissing } from './tools.js';

const ALERTMANAGER = 'infra/alertmanager/alertmanager.yml';

/** Runs a program in the root of the repository. */
function run(tool: Tool, args: readonly string[], input = '') {
  const { status, stdout, stderr } = spawnSync(findTool(tool) ?? tool, args, {
    cwd: ROOT,
    input,
    encoding: 'utf8',
  });
  return { status, output: `${stdout}${stderr}`.trim() };
}

describe.skipIf(unlessMissing('promtool'))('promtool', () => {
  it('takes the configuration and the rules', () => {
    const rules = run('promtool', ['check', 'rules', '--lint-fatal', ...listFiles(RULES_FOLDER, '.yml')]);
    expect(rules, rules.output).toMatchObject({ status: 0 });
    const config = run('promtool', ['check', 'config', 'infra/prometheus/prometheus.yml']);
    expect(config, config.output).toMatchObject({ status: 0 });
  });

  it.each(listFiles(RULE_TESTS_FOLDER, '.test.yml'))('finds that the rules pass %s', (path) => {
    const { status, output } = run('promtool', ['test', 'rules', join(ROOT, path)]);
    expect(status, output).toBe(0);
  });

  it('has nothing against the metrics of a worker', async () => {
    const metrics = createMetrics({ version: '1.0.0', revision: 'abc' });
    createChannelMetrics(metrics)('sales');
    const own = (await metrics.registry.metrics())
      .split('\n\n')
      .filter((block) => block.includes('callpost_'))
      .join('\n');
    const { output } = run('promtool', ['check', 'metrics'], `${own}\n`);
    expect(output).toBe('');
  });

  it('notices every breakage of a rule', { timeout: 600_000 }, async () => {
    const { tried, survivors } = await findSurvivors();
    expect(survivors).toEqual([]);
    expect(tried).toBeGreaterThan(300);
  });
});

describe.skipIf(unlessMissing('amtool'))('amtool', () => {
  it('takes the configuration', () => {
    const { status, output } = run('amtool', ['check-config', ALERTMANAGER]);
    expect(status, output).toBe(0);
  });

  it.each([
    ['page', 'alertname=CallpostNothingDelivered', 'severity=page'],
    ['ticket', 'alertname=CallpostLettersUntriaged', 'severity=ticket'],
    ['watchdog', 'alertname=CallpostWatchdog', 'severity=none'],
  ])('sends to %s what is for it', (receiver, ...labels) => {
    const { output } = run('amtool', [
      'config',
      'routes',
      'test',
      `--config.file=${ALERTMANAGER}`,
      ...labels,
    ]);
    expect(output.split('\n')[0]?.replace(/Warning.*/, '')).toBe(receiver);
  });
});
