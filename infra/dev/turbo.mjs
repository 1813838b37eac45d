import { join } from 'node:path';
import { ROOT } from './workspace.mjs';

/** A tool of the workspace, called directly: through `pnpm exec` it would take a second longer to begin. */
export function tool(name) {
  return join(ROOT, 'node_modules', '.bin', name);
}

/**
 * The arguments of `turbo run`.
 *
 * @param {{ filters?: readonly string[], force?: boolean, more?: readonly string[] }} [options] `force`: run what the
 *   cache has the result of too
 */
export function turboRun(task, { filters = [], force = false, more = [] } = {}) {
  return [
    'run',
    task,
    '--no-update-notifier',
    ...filters.map((filter) => `--filter=${filter}`),
    ...(force ? ['--force'] : []),
    ...more,
  ];
}
