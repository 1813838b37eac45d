import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { paintFor } from './paint.js';

const terminal = Object.assign(new PassThrough(), { isTTY: true });

test('colour goes to terminals that want it, and nowhere else', () => {
  expect(paintFor(terminal, true)('red', 'x')).toBe('\x1b[31mx\x1b[39m');
  expect(paintFor(terminal, true)(null, 'x')).toBe('x');
  expect(paintFor(terminal, false)('red', 'x')).toBe('x');
  expect(paintFor(new PassThrough(), true)('red', 'x')).toBe('x');
});
