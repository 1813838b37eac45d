/**
 * `npm test`: types, lint, format, boundaries, unit, integration against real Redis, end to end. The last line adds
 * everything up. `npm test -- --filter @callpost/domain` narrows it to some packages, `--force` runs what turbo has in
 * its cache too; with CI set that is always done.
 */
import { parseArgs } from 'node:util';
import { ensureDependencies } from './dependencies.mjs';
import { ensureNodeVersion } from './node-version.mjs';
import { ensureMonitoring, ensurePython, ensureRedis } from './programs.mjs';
import { runShown } from './run.mjs';
import { asCommand, plainly, say, seconds } from './say.mjs';
import { runStaticSteps } from './static-steps.mjs';
import { addUp, closingLine, failureText, forgetResults, readResults } from './test-results.mjs';
import { tool, turboRun } from './turbo.mjs';
import { ROOT, workspacePackages } from './workspace.mjs';

await asCommand(async () => {
  const options = readOptions();
  ensureNodeVersion();
  process.chdir(ROOT);
  await ensureDependencies();
  await ensureRedis();
  await ensurePython();
  await ensureMonitoring();
  const staticCounts = await runStaticSteps(options);
  const testCounts = staticCounts.failed === 0 ? await runTests(options) : null;
  const all = addUp([staticCounts, testCounts ?? { passed: 0, failed: 0, skipped: 0 }]);
  if (testCounts === null) plainly('The tests were not run, since a step above failed.');
  plainly(closingLine(all));
  return all.failed === 0 && (testCounts?.passed ?? 0) > 0 ? 0 : 1;
});

function readOptions() {
  const { values } = parseArgs({
    options: {
      filter: { type: 'string', multiple: true, short: 'F', default: [] },
      force: { type: 'boolean', default: false },
    },
  });
  const isCi = !['', '0', 'false'].includes(process.env.CI ?? '');
  return { filters: values.filter, force: values.force || isCi };
}

/** One package at a time: several suites with a Redis and programs of their own would only slow each other down. */
async function runTests(options) {
  const packages = workspacePackages().filter(({ scripts }) => 'test' in scripts);
  forgetResults(packages);
  const startedAt = performance.now();
  const more = ['--concurrency=1', '--continue', '--output-logs=new-only', '--log-order=stream'];
  const code = await runShown(tool('turbo'), turboRun('test', { ...options, more }));
  const results = readResults(packages);
  plainly('');
  for (const { name, counts } of results) {
    say(counts.failed === 0 ? 'ok' : 'failed', name, closingLine(counts));
  }
  for (const { failures } of results) {
    for (const failure of failures) plainly(failureText(failure, ROOT));
  }
  const counts = addUp(results.map((result) => result.counts));
  const silent = withoutTests(options.filters.length > 0 ? [] : packages, results);
  for (const name of silent) say('failed', name, 'has a test script but ran no test');
  counts.failed += silent.length;
  if (code !== 0 && counts.failed === 0) {
    say('failed', 'turbo run test', `exit code ${code} although no test failed`);
    counts.failed += 1;
  }
  say(counts.failed === 0 ? 'ok' : 'failed', 'tests', seconds(startedAt));
  return counts;
}

function withoutTests(packages, results) {
  return packages.map(({ name }) => name).filter((name) => !results.some((result) => result.name === name));
}
