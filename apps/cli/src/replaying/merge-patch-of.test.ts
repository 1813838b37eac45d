import { mergePatch } from '@callpost/domain';
import { expect, test } from 'vitest';
import { mergePatchOf } from './merge-patch-of.js';

test.each([
  [{ a: 1 }, { a: 1 }, {}],
  [{ a: 1 }, { a: 2 }, { a: 2 }],
  [{ a: 1, b: 1 }, { a: 1 }, { b: null }],
  [{}, { a: { b: 1 } }, { a: { b: 1 } }],
  [{ a: { b: 1, c: 2 } }, { a: { b: 1, c: 3 } }, { a: { c: 3 } }],
  [{ a: { b: 1, c: 2 } }, { a: { c: 2 } }, { a: { b: null } }],
  [{ a: [1, 2] }, { a: [1, 3] }, { a: [1, 3] }],
  [{ a: { b: 1 } }, { a: [1] }, { a: [1] }],
  [{ a: 'x' }, { a: { b: 1 } }, { a: { b: 1 } }],
])('%j to %j is %j', (before, after, patch) => {
  expect(mergePatchOf(before, after)).toEqual(patch);
  expect(mergePatch(before, patch)).toEqual(after);
});

test('a field set to null is removed', () => {
  expect(mergePatch({ a: 1 }, mergePatchOf({ a: 1 }, { a: null }))).toEqual({});
});
