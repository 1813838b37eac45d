import { expect, test } from 'vitest';
import { ageText, counted, momentText, tookText } from './words.js';

test.each([
  [-5, '0s'],
  [0, '0s'],
  [999, '0s'],
  [12_000, '12s'],
  [192_000, '3m 12s'],
  [7_200_000, '2h'],
  [7_212_000, '2h'],
  [2 * 86_400_000 + 5 * 3_600_000 + 59_000, '2d 5h'],
])('an age of %i ms reads %s', (ageMs, text) => {
  expect(ageText(ageMs)).toBe(text);
});

test.each([
  [12.4, '12 ms'],
  [15_000, '15.0 s'],
  [125_000, '2m 5s'],
])('%f ms took %s', (durationMs, text) => {
  expect(tookText(durationMs)).toBe(text);
});

test('counts and moments', () => {
  expect(counted(1, 'dead letter')).toBe('1 dead letter');
  expect(counted(4_211, 'dead letter')).toBe('4,211 dead letters');
  expect(momentText(Date.parse('2026-11-23T02:00:00.999Z'))).toBe('2026-11-23T02:00:00Z');
});
