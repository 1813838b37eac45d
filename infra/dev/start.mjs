/**
 * `npm start`: everything that Callpost needs, then apps/quickstart with the arguments that were given. What follows
 * `npm start --` is for it: `npm start -- --help`.
 */
import { join } from 'node:path';
import { ensureDependencies } from './dependencies.mjs';
import { ensureNodeVersion } from './node-version.mjs';
import { ensureRedis } from './programs.mjs';
import { handOver, runQuietly } from './run.mjs';
import { asCommand, CannotGoOn, progress, say, seconds } from './say.mjs';
import { tool, turboRun } from './turbo.mjs';
import { ROOT } from './workspace.mjs';

const PROGRAMS = ['@callpost/quickstart', '@callpost/worker', '@callpost/simulator', '@callpost/cli'];

await asCommand(async () => {
  ensureNodeVersion();
  process.chdir(ROOT);
  await ensureDependencies();
  await ensureRedis();
  await build();
  return handOver(process.execPath, [
    join(ROOT, 'apps', 'quickstart', 'dist', 'main.js'),
    ...process.argv.slice(2),
  ]);
});

async function build() {
  const startedAt = performance.now();
  progress('build');
  const args = turboRun('build', { filters: PROGRAMS, more: ['--output-logs=errors-only'] });
  const { code, errors } = await runQuietly(tool('turbo'), args);
  if (code !== 0) throw new CannotGoOn(`${errors}\n\nThe build failed.`);
  say('ok', 'build', seconds(startedAt));
}
