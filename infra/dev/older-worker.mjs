import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runQuietly } from './run.mjs';
import { CannotGoOn, progress } from './say.mjs';
import { ROOT } from './workspace.mjs';

/**
 * Builds the worker of an earlier commit in a folder of its own, which is there as long as `use` takes.
 *
 * @template T
 * @param {string} commit what git calls one
 * @param {(script: string) => Promise<T>} use is given the worker's main.js
 * @throws CannotGoOn when there is no such commit here, as in a shallow clone, or when it does not build
 */
export async function withOlderWorker(commit, use) {
  const folder = join(mkdtempSync(join(tmpdir(), 'callpost-older-')), 'repository');
  const git = (...args) => must('git', ['-C', ROOT, ...args]);
  progress('older worker', `building ${commit}`);
  try {
    await git('worktree', 'add', '--detach', folder, commit);
    await must('pnpm', ['--dir', folder, 'install', '--frozen-lockfile', '--prefer-offline']);
    await must('pnpm', ['--dir', folder, 'exec', 'turbo', 'run', 'build', '--filter=@callpost/worker']);
    return await use(join(folder, 'apps/worker/dist/main.js'));
  } finally {
    rmSync(join(folder, '..'), { recursive: true, force: true });
    await runQuietly('git', ['-C', ROOT, 'worktree', 'prune']);
  }
}

async function must(command, args) {
  const { code, errors } = await runQuietly(command, args);
  if (code !== 0) throw new CannotGoOn(`${command} ${args.join(' ')} failed.\n${errors}`);
}
