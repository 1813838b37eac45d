import { expect, test } from 'vitest';
import { visible, visibleJson } from './visible.js';

test.each([
  ['a line\nand\ta tab\r', 'a line\\nand\\ta tab\\r'],
  ['\x1b]0;title\x07', '\\x1b]0;title\\x07'],
  ['\x9b2J', '\\x9b2J'],
  ['abc\u202edef', 'abc\\u{202e}def'],
  ['zero\u200bwidth', 'zero\\u{200b}width'],
  ['half \ud83d of it', 'half \\u{d83d} of it'],
  ['tag \u{e0041}', 'tag \\u{e0041}'],
  ['Zoë, 電話, 📞', 'Zoë, 電話, 📞'],
])('%j is shown as %s', (text, shown) => {
  expect(visible(text)).toBe(shown);
});

test('JSON keeps its value', () => {
  const value = { 'key\x9b': 'a\x1b[2J\x7f\u202e\u{e0041}\nb', list: [1] };
  for (const indent of [0, 2] as const) {
    const json = visibleJson(value, indent);
    expect(JSON.parse(json)).toEqual(value);
    expect(visible(json).replaceAll('\\n', '\n')).toBe(json.replaceAll('\\n', '\n'));
  }
  expect(visibleJson(value, 0)).not.toContain('\n');
});
