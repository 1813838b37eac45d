/**
 * `npm run fuzz -- --cases 10000000 --seed N`: the property tests of bad input, which run with about 100,000 cases in
 * `npm test`, with as many as are asked for. Prints its seed; the same seed makes the same cases.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureDependencies } from './dependencies.mjs';
import { ensureNodeVersion } from './node-version.mjs';
import { ensureRedis } from './programs.mjs';
import { handOver, runQuietly } from './run.mjs';
import { asCommand, CannotGoOn, plainly } from './say.mjs';
import { tool, turboRun } from './turbo.mjs';
import { ROOT } from './workspace.mjs';

/** Of all tests together when nothing is asked for: see `infra/faults/test/bad-input`. */
const CASES_OF_CI = 112_652;

await asCommand(async () => {
  const { cases, seed } = readOptions();
  ensureNodeVersion();
  process.chdir(ROOT);
  await ensureDependencies();
  await ensureRedis();
  const build = await runQuietly(tool('turbo'), turboRun('build', { more: ['--output-logs=errors-only'] }));
  if (build.code !== 0) throw new CannotGoOn(`The build failed.\n${build.errors}`);
  plainly(`seed ${seed}: npm run fuzz -- --cases ${cases} --seed ${seed}`);
  process.chdir(join(ROOT, 'infra', 'faults'));
  return handOver(tool('vitest'), ['run', '--config', '../../vitest.config.ts', 'bad-input'], {
    env: { FUZZ_SCALE: String(cases / CASES_OF_CI), FUZZ_SEED: String(seed) },
  });
});

function readOptions() {
  const { values } = parseArgs({
    options: { cases: { type: 'string', default: '10000000' }, seed: { type: 'string' } },
  });
  for (const [name, text] of Object.entries(values)) {
    if (!/^\d{1,10}$/.test(text))
      throw new CannotGoOn(`--${name}: found another text; allowed: a whole number`);
  }
  return {
    cases: Number(values.cases),
    seed: values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed),
  };
}
