import { styleText } from 'node:util';

/** @typedef {{ head: string, of: (row: object) => string, left?: boolean }} Column */

/** A table for a terminal: numbers to the right, a line under the heads, no more. */
export function table(title, columns, rows) {
  const cells = [columns.map(({ head }) => head), ...rows.map((row) => columns.map(({ of }) => of(row)))];
  const widths = columns.map((_, place) => Math.max(...cells.map((line) => line[place].length)));
  const lines = cells.map((line) =>
    line
      .map((cell, place) => (columns[place].left ? cell.padEnd(widths[place]) : cell.padStart(widths[place])))
      .join('  ')
      .trimEnd(),
  );
  const [head, ...body] = lines;
  return ['', styleText('bold', title), styleText('dim', head), ...body, ''].join('\n');
}

/** `4,211`, `38.1`, `1.24` or `0.065`: three digits that mean something, or all of a whole thousand. */
export function number(value) {
  if (value === undefined || !Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  const size = Math.abs(value);
  const decimals = size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.995 ? 2 : 3;
  return value.toLocaleString('en-GB', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

/** `4,211 (4,012–4,300)`: the median and between which it lay. */
export function withSpread({ median, min, max, runs }) {
  return runs === 1 ? number(median) : `${number(median)} (${number(min)}–${number(max)})`;
}
