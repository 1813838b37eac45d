import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addUp, closingLine, countsOf } from './test-results.mjs';

const file = (status, assertions) => ({
  status,
  assertionResults: assertions.map((assertion) => ({ status: assertion })),
});

test('a report counts as vitest counts it', () => {
  const report = {
    numPassedTests: 3,
    numFailedTests: 1,
    numPendingTests: 2,
    numTodoTests: 1,
    testResults: [file('passed', ['passed', 'skipped']), file('failed', ['failed', 'passed'])],
  };
  assert.deepEqual(countsOf(report), { passed: 3, failed: 1, skipped: 3 });
});

test('a file that does not load, or whose hook threw, is a failure though none of its tests failed', () => {
  const report = {
    numPassedTests: 0,
    numFailedTests: 0,
    numPendingTests: 2,
    numTodoTests: 0,
    testResults: [file('failed', []), file('failed', ['skipped', 'skipped'])],
  };
  assert.deepEqual(countsOf(report), { passed: 0, failed: 2, skipped: 2 });
});

test('the closing line names what was skipped only when something was', () => {
  const some = { passed: 1, failed: 0, skipped: 0 };
  assert.equal(closingLine(some), '1 passed, 0 failed');
  assert.equal(
    closingLine(addUp([some, { passed: 2, failed: 1, skipped: 4 }])),
    '3 passed, 1 failed, 4 skipped',
  );
});
