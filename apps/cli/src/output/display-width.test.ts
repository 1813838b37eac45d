import { expect, test } from 'vitest';
import { displayWidth, wrapText } from './display-width.js';

test.each([
  ['', 0],
  ['plain', 5],
  ['Zoë', 3],
  ['Zoe\u0308', 3],
  ['電話', 4],
  ['📞', 2],
  ['+1510•••9999', 12],
])('%s takes %i columns', (text, width) => {
  expect(displayWidth(text)).toBe(width);
});

test('a text is broken at blanks, a word that is too long anywhere, and a character nowhere', () => {
  expect(wrapText('one two three', 8)).toEqual(['one two', 'three']);
  expect(wrapText('one two three', 7)).toEqual(['one two', 'three']);
  expect(wrapText('abcdefghij', 4)).toEqual(['abcd', 'efgh', 'ij']);
  expect(wrapText('電話📞電', 5)).toEqual(['電話', '📞電']);
  expect(wrapText('', 5)).toEqual(['']);
});
