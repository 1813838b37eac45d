import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runQuietly } from './run.mjs';
import { plainly, progress, say, seconds } from './say.mjs';
import { auditDependencies } from './supply-chain.mjs';
import { tool, turboRun } from './turbo.mjs';
import { ROOT, readJson } from './workspace.mjs';

const KNIP_FILES = ['knip.json', 'knip.jsonc', '.knip.json', '.knip.jsonc', 'knip.ts', 'knip.config.ts'];

/** What outsiders install, and which must therefore resolve wherever they install it. */
const PUBLISHED = ['packages/domain', 'packages/queue', 'packages/signature'];

/**
 * What can be said of the code without running it. All of it is run even when a step fails, so that one run tells
 * everything that is wrong.
 *
 * @param {{ filters: readonly string[], force: boolean }} options narrow and force what turbo runs, not the others
 * @returns {Promise<{ passed: number, failed: number, skipped: number }>}
 */
export async function runStaticSteps(options) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const step of staticSteps(options)) {
    if (await passes(step)) counts.passed += 1;
    else counts.failed += 1;
  }
  counts[await auditStep()] += 1;
  return counts;
}

/** A registry that does not answer proves nothing either way: that is said, and counted as skipped. */
async function auditStep() {
  const startedAt = performance.now();
  progress('audit');
  const { outcome, why } = await auditDependencies();
  if (outcome === 'unknown') say('notice', 'audit', `NOT AUDITED: ${why}`);
  else say(outcome === 'clean' ? 'ok' : 'failed', 'audit', seconds(startedAt));
  if (outcome === 'vulnerable') plainly(`${why}\n`);
  return { clean: 'passed', vulnerable: 'failed', unknown: 'skipped' }[outcome];
}

function staticSteps(options) {
  const turbo = (task) => turboRun(task, { ...options, more: ['--output-logs=errors-only', '--continue'] });
  return [
    { name: 'build', commands: [[tool('turbo'), turbo('build')]] },
    { name: 'types', commands: [[tool('turbo'), turbo('typecheck')]] },
    { name: 'lint and format', commands: [[tool('biome'), ['ci', '--colors=off', '.']]] },
    { name: 'boundaries', commands: [[tool('turbo'), ['boundaries', '--no-update-notifier']]] },
    ...(hasKnipConfig() ? [{ name: 'unused code', commands: [[tool('knip'), ['--no-progress']]] }] : []),
    { name: 'package shape', commands: PUBLISHED.map((folder) => [tool('publint'), ['run', folder]]) },
    { name: 'scripts in infra/dev', commands: [[process.execPath, ['--test', ...ownTests()]]] },
  ];
}

async function passes({ name, commands }) {
  const startedAt = performance.now();
  progress(name);
  const results = [];
  for (const [command, args] of commands) results.push(await runQuietly(command, args));
  const failures = results.filter(({ code }) => code !== 0);
  say(failures.length === 0 ? 'ok' : 'failed', name, seconds(startedAt));
  for (const { errors } of failures) plainly(`${errors}\n`);
  return failures.length === 0;
}

function hasKnipConfig() {
  return (
    KNIP_FILES.some((name) => existsSync(join(ROOT, name))) || 'knip' in readJson(join(ROOT, 'package.json'))
  );
}

function ownTests() {
  return readdirSync(join(ROOT, 'infra', 'dev'))
    .filter((name) => name.endsWith('.test.mjs'))
    .map((name) => join('infra', 'dev', name));
}
