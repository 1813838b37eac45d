/**
 * `npm run bench`: everything that the bench needs, then infra/bench with the arguments that were given. What follows
 * `npm run bench --` is for it: `npm run bench -- --help`.
 */
import { join } from 'node:path';
import { build } from './build.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { ensureNodeVersion } from './node-version.mjs';
import { ensureRedis } from './programs.mjs';
import { handOver } from './run.mjs';
import { asCommand } from './say.mjs';
import { ROOT } from './workspace.mjs';

await asCommand(async () => {
  ensureNodeVersion();
  process.chdir(ROOT);
  await ensureDependencies();
  await ensureRedis();
  await build(['@callpost/bench...']);
  return handOver(process.execPath, [join(ROOT, 'infra', 'bench', 'bench.mjs'), ...process.argv.slice(2)]);
});
