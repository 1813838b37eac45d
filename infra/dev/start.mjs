/**
 * `npm start`: everything that Callpost needs, then apps/quickstart with the arguments that were given. What follows
 * `npm start --` is for it: `npm start -- --help`.
 */
import { join } from 'node:path';
import { build } from './build.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { ensureNodeVersion } from './node-version.mjs';
import { ensureRedis } from './programs.mjs';
import { handOver } from './run.mjs';
import { asCommand } from './say.mjs';
import { ROOT } from './workspace.mjs';

const PROGRAMS = ['@callpost/quickstart', '@callpost/worker', '@callpost/simulator', '@callpost/cli'];

await asCommand(async () => {
  ensureNodeVersion();
  process.chdir(ROOT);
  await ensureDependencies();
  await ensureRedis();
  await build(PROGRAMS);
  return handOver(process.execPath, [
    join(ROOT, 'apps', 'quickstart', 'dist', 'main.js'),
    ...process.argv.slice(2),
  ]);
});
