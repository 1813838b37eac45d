import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readJson } from './workspace.mjs';

const FILE = 'test-results.json';

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

/** A result of an earlier run must not be counted in this one. */
export function forgetResults(packages) {
  for (const { folder } of packages) rmSync(join(folder, FILE), { force: true });
}

/** @returns {{ name: string, counts: Counts }[]} of the packages that ran at least one test, or failed to */
export function readResults(packages) {
  return packages
    .filter(({ folder }) => existsSync(join(folder, FILE)))
    .map(({ name, folder }) => ({ name, counts: countsOf(readJson(join(folder, FILE))) }))
    .filter(({ counts }) => Object.values(counts).some((count) => count > 0));
}

/**
 * What a report of vitest's JSON reporter amounts to. A file that failed without a failing test (it does not load, or
 * its hook threw) counts as one failure: vitest itself counts its tests as none, or as skipped.
 *
 * @returns {Counts}
 */
export function countsOf(report) {
  const failedFiles = report.testResults.filter(
    (file) =>
      file.status === 'failed' && !file.assertionResults.some((assertion) => assertion.status === 'failed'),
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + failedFiles.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** @param {readonly Counts[]} all */
export function addUp(all) {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const counts of all) {
    for (const key of Object.keys(sum)) sum[key] += counts[key];
  }
  return sum;
}

/** The last line of `npm test`, in the form that machines read too. */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
