import { runQuietly } from './run.mjs';
import { CannotGoOn, progress, say, seconds } from './say.mjs';
import { tool, turboRun } from './turbo.mjs';

/** @param {readonly string[]} packages as turbo's `--filter` takes them; `NAME...` is one with all it depends on */
export async function build(packages) {
  const startedAt = performance.now();
  progress('build');
  const args = turboRun('build', { filters: packages, more: ['--output-logs=errors-only'] });
  const { code, errors } = await runQuietly(tool('turbo'), args);
  if (code !== 0) throw new CannotGoOn(`${errors}\n\nThe build failed.`);
  say('ok', 'build', seconds(startedAt));
}
