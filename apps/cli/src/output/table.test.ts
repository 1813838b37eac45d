import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { fitColumns } from './fit-columns.js';
import { type Column, pairsText, tableText } from './table.js';

interface Row {
  readonly id: string;
  readonly count: number;
  readonly extra: string;
  readonly text: string;
}

const COLUMNS: readonly Column<Row>[] = [
  { header: 'ID', text: (row) => row.id },
  { header: 'COUNT', align: 'right', text: (row) => String(row.count) },
  { header: 'EXTRA', text: (row) => row.extra, leaveOut: 1 },
  { header: 'TEXT', text: (row) => row.text },
];

const ROWS: readonly Row[] = [
  { id: 'first-of-them', count: 7, extra: 'additional', text: 'short' },
  { id: 'second', count: 1234567, extra: 'e', text: 'a text that is rather longer than the others are' },
];

const plain = (_: unknown, text: string) => text;

test('without a terminal, a table is as wide as it takes', () => {
  expect(tableText(COLUMNS, ROWS, { width: null, paint: plain })).toBe(
    [
      'ID               COUNT  EXTRA       TEXT',
      'first-of-them        7  additional  short',
      'second         1234567  e           a text that is rather longer than the others are',
      '',
    ].join('\n'),
  );
});

test('the last column is shortened first', () => {
  expect(tableText(COLUMNS, ROWS, { width: 60, paint: plain })).toBe(
    [
      'ID               COUNT  EXTRA       TEXT',
      'first-of-them        7  additional  short',
      'second         1234567  e           a text that is rather l…',
      '',
    ].join('\n'),
  );
});

test('then a column is left out, and that is said', () => {
  expect(tableText(COLUMNS, ROWS, { width: 45, paint: plain })).toBe(
    [
      'ID               COUNT  TEXT',
      'first-of-them        7  short',
      'second         1234567  a text that is rathe…',
      '(no room for EXTRA)',
      '',
    ].join('\n'),
  );
});

test.each([30, 34, 40, 60, 80, 200])('no line is wider than %i columns', (width) => {
  const lines = tableText(COLUMNS, ROWS, { width, paint: plain }).split('\n');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
});

test('text from outside cannot act on the terminal', () => {
  const rows = [{ id: 'x\n\x1b[2J', count: 1, extra: '', text: '' }];
  expect(tableText(COLUMNS, rows, { width: 80, paint: plain })).toContain('\nx\\n\\x1b[2J');
});

test('colour and wide characters leave the columns aligned', () => {
  const rows = [
    { id: '電話', count: 1, extra: 'x', text: 'end' },
    { id: 'id', count: 2, extra: 'x', text: 'end' },
  ];
  const paint = (_: unknown, text: string) => `\x1b[1m${text}\x1b[22m`;
  const [, first = '', second = ''] = stripVTControlCharacters(
    tableText(COLUMNS, rows, { width: 80, paint }),
  ).split('\n');
  // Each of the two takes two columns of a terminal.
  expect(first.indexOf('x') + 2).toBe(second.indexOf('x'));
});

test('a number is never shortened, even if the table then is too wide', () => {
  const number = { natural: 20, mayShorten: false, leaveOut: null };
  expect(fitColumns([number, number], 10)).toEqual({
    kept: [
      { index: 0, width: 20 },
      { index: 1, width: 20 },
    ],
    leftOut: [],
  });
});

test('a long text goes on below its beginning', () => {
  const pairs = [
    ['name', 'one two three four five six'],
    ['', 'x'.repeat(25)],
  ] as const;
  expect(pairsText(pairs, { width: 26, paint: plain })).toBe(
    ['name  one two three four', '      five six', '      xxxxxxxxxxxxxxxxxxxx', '      xxxxx', ''].join(
      '\n',
    ),
  );
});
