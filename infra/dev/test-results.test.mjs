import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addUp, closingLine, failureText, outcomeOf } from './test-results.mjs';

const file = (status, assertions, message = '') => ({
  name: '/repo/packages/a/src/some.test.ts',
  status,
  message,
  assertionResults: assertions.map((assertion) => ({
    status: assertion,
    fullName: `a ${assertion} test`,
    failureMessages: assertion === 'failed' ? ['AssertionError: no\n    at a.ts:1:2\n    at b.ts:3:4'] : [],
  })),
});

test('a report counts as vitest counts it', () => {
  const report = {
    numPassedTests: 3,
    numPendingTests: 2,
    numTodoTests: 1,
    testResults: [file('passed', ['passed', 'skipped']), file('failed', ['failed', 'passed'])],
  };
  assert.deepEqual(outcomeOf(report).counts, { passed: 3, failed: 1, skipped: 3 });
});

test('a file that does not load, or whose hook threw, is a failure though none of its tests failed', () => {
  const report = {
    numPassedTests: 0,
    numPendingTests: 2,
    numTodoTests: 0,
    testResults: [file('failed', [], 'does not load'), file('failed', ['skipped', 'skipped'])],
  };
  assert.deepEqual(outcomeOf(report).counts, { passed: 0, failed: 2, skipped: 2 });
});

test('what failed is told by file, test and message, without its stack', () => {
  const report = {
    numPassedTests: 1,
    numPendingTests: 0,
    numTodoTests: 0,
    testResults: [
      file('failed', ['failed', 'passed']),
      file('failed', [], 'does not load'),
      file('passed', []),
    ],
  };
  const texts = outcomeOf(report).failures.map((failure) => failureText(failure, '/repo'));
  assert.deepEqual(texts, [
    '  packages/a/src/some.test.ts > a failed test\n    AssertionError: no',
    '  packages/a/src/some.test.ts\n    does not load',
  ]);
});

test('a long message is cut', () => {
  const why = Array.from({ length: 40 }, (_, line) => `line ${line}`).join('\n');
  const text = failureText({ file: '/repo/a.test.ts', test: 'it', why }, '/repo');
  assert.equal(text.split('\n').length, 14);
  assert.match(text, /line 11\n {4}…$/);
});

test('the closing line names what was skipped only when something was', () => {
  const some = { passed: 1, failed: 0, skipped: 0 };
  assert.equal(closingLine(some), '1 passed, 0 failed');
  assert.equal(
    closingLine(addUp([some, { passed: 2, failed: 1, skipped: 4 }])),
    '3 passed, 1 failed, 4 skipped',
  );
});
