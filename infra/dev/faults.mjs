/**
 * `npm run faults -- --minutes 60 --seed N`: breaks real parts under load and counts what became of the events. The
 * short version is part of `npm test`; `--list` names what is broken. With `--older COMMIT` the fault `deploy` replaces
 * the workers by those of an earlier commit, built from it, and these by the present ones.
 */
import { join } from 'node:path';
import { ensureDependencies } from './dependencies.mjs';
import { ensureNodeVersion } from './node-version.mjs';
import { withOlderWorker } from './older-worker.mjs';
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
  const { older, args } = readOlder(process.argv.slice(2));
  const run = (env) =>
    handOver(process.execPath, [join(ROOT, 'infra/faults/dist/main.js'), ...args], { env });
  return older === null
    ? run({})
    : withOlderWorker(older, (CALLPOST_OLDER_WORKER) => run({ CALLPOST_OLDER_WORKER }));
});

/** `--older COMMIT` is ours; the rest is the suite's. */
function readOlder(args) {
  const at = args.indexOf('--older');
  if (at === -1) return { older: null, args };
  const older = args[at + 1] ?? '';
  if (!/^[\w./~^-]+$/.test(older) || older.startsWith('-')) {
    throw new CannotGoOn('--older: found no commit; allowed: what git calls one, such as v1.2.0 or HEAD~20');
  }
  return { older, args: args.toSpliced(at, 2) };
}
