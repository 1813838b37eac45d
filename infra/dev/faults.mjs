/**
 * `npm run faults -- --minutes 60 --seed N`: breaks real parts under load and counts what became of the events. The
 * short version is part of `npm test`; `--list` names what is broken.
 */
import { join } from 'node:path';
import { ensureDependencies } from './dependencies.mjs';
import { ensureNodeVersion } from './node-version.mjs';
import { ensurePython, ensureRedis } from './programs.mjs';
import { handOver, runQuietly } from './run.mjs';
import { asCommand, CannotGoOn } from './say.mjs';
import { tool, turboRun } from './turbo.mjs';
import { ROOT } from './workspace.mjs';

await asCommand(async () => {
  ensureNodeVersion();
  process.chdir(ROOT);
  await ensureDependencies();
  await ensureRedis();
  await ensurePython();
  const build = await runQuietly(tool('turbo'), turboRun('build', { more: ['--output-logs=errors-only'] }));
  if (build.code !== 0) throw new CannotGoOn(`The build failed.\n${build.errors}`);
  return handOver(process.execPath, [join(ROOT, 'infra/faults/dist/main.js'), ...process.argv.slice(2)]);
});
