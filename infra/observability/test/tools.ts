import { findTool, type Tool } from '../src/processes.js';

/**
 * Whether tests have to be skipped because a program of Prometheus is missing, which is said out loud. In CI they run all
 * the same, and fail.
 */
export function unlessMissing(...tools: readonly Tool[]): boolean {
  const missing = tools.filter((tool) => findTool(tool) === null);
  if (missing.length === 0) return false;
  process.stderr.write(
    `\n!!! NOT TESTED: ${missing.join(', ')} not found. Debian: apt-get install prometheus prometheus-alertmanager\n\n`,
  );
  return !isCi();
}

function isCi(): boolean {
  return !['', '0', 'false'].includes(process.env.CI ?? '');
}
