import { expect, test } from 'vitest';
import { newRunId } from './run-id.js';

test('the minute in UTC, and four characters', () => {
  const nowMs = Date.UTC(2026, 10, 23, 3, 31, 59);
  expect(newRunId(nowMs, () => 0)).toBe('20261123-0331-aaaa');
  expect(newRunId(nowMs, () => 0.999999)).toBe('20261123-0331-9999');
});
