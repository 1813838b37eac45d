import { existsSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { readJson } from './workspace.mjs';

const FILE = 'test-results.json';
const MOST_LINES = 12;

/**
 * @typedef {{ passed: number, failed: number, skipped: number }} Counts
 * @typedef {{ file: string, test: string | null, why: string }} Failure file is absolute; test is null where the whole
 *   file failed; why may have several lines, and is the message without its stack
 */

/** A result of an earlier run must not be counted in this one. */
export function forgetResults(packages) {
  for (const { folder } of packages) rmSync(join(folder, FILE), { force: true });
}

/**
 * @returns {{ name: string, counts: Counts, failures: Failure[] }[]} of the packages that ran at least one test, or
 *   failed to
 */
export function readResults(packages) {
  return packages
    .filter(({ folder }) => existsSync(join(folder, FILE)))
    .map(({ name, folder }) => ({ name, ...outcomeOf(readJson(join(folder, FILE))) }))
    .filter(({ counts }) => Object.values(counts).some((count) => count > 0));
}

/**
 * What a report of vitest's JSON reporter amounts to. A file that failed without a failing test (it does not load, or
 * its hook threw) counts as one failure: vitest itself counts its tests as none, or as skipped.
 *
 * @returns {{ counts: Counts, failures: Failure[] }}
 */
export function outcomeOf(report) {
  const failures = report.testResults.flatMap(failuresOf);
  const counts = {
    passed: report.numPassedTests,
    failed: failures.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
  return { counts, failures };
}

function failuresOf({ name, status, message, assertionResults }) {
  const failed = assertionResults.filter((assertion) => assertion.status === 'failed');
  if (failed.length === 0 && status === 'failed') {
    return [{ file: name, test: null, why: withoutStack(message ?? '') }];
  }
  return failed.map(({ fullName, failureMessages }) => ({
    file: name,
    test: fullName.trim(),
    why: withoutStack(failureMessages?.[0] ?? ''),
  }));
}

function withoutStack(text) {
  const [message] = stripVTControlCharacters(text).split(/\n\s+at /);
  return message.trim();
}

/** One failure as a person looks for it: where, which, and why, the latter at most a few lines long. */
export function failureText({ file, test, why }, root) {
  const lines = why.split('\n');
  const shown = lines.length > MOST_LINES ? [...lines.slice(0, MOST_LINES), '…'] : lines;
  const title = [relative(root, file), test].filter(Boolean).join(' > ');
  return [`  ${title}`, ...shown.filter(Boolean).map((line) => `    ${line}`)].join('\n');
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
