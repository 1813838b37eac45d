import CliTable from 'cli-table3';
import { displayWidth, wrapText } from './display-width.js';
import { fitColumns, GAP } from './fit-columns.js';
import type { Drawing } from './form.js';
import type { Colour } from './paint.js';
import { visible } from './visible.js';

export interface Column<Row> {
  readonly header: string;
  /** May come from outside: it is made visible here. */
  readonly text: (row: Row) => string;
  /** For numbers; these are never shortened. */
  readonly align?: 'right';
  readonly colour?: (row: Row) => Colour | null;
  /** In a narrow terminal, the column with the highest number is left out first; absent: it stays. */
  readonly leaveOut?: number;
}

/** A table without lines, as wide as the terminal at most; says below which columns it had to leave out. */
export function tableText<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { width, paint }: Drawing,
): string {
  const cells = rows.map((row) => columns.map((column) => visible(column.text(row))));
  const fit = fitColumns(
    columns.map((column, index) => ({
      natural: cells.reduce(
        (widest, texts) => Math.max(widest, displayWidth(texts[index] ?? '')),
        column.header.length,
      ),
      mayShorten: column.align !== 'right',
      leaveOut: column.leaveOut ?? null,
    })),
    width,
  );
  const kept = fit.kept.flatMap(({ index, width }) => {
    const column = columns[index];
    return column === undefined ? [] : [{ column, index, width }];
  });
  const layout = kept.map(({ column, width }) => ({ width, align: column.align ?? ('left' as const) }));
  const header = kept.map(({ column }) => paint('bold', column.header));
  const body = rows.map((row, rowIndex) =>
    kept.map(({ column, index }) => paint(column.colour?.(row) ?? null, cells[rowIndex]?.[index] ?? '')),
  );
  const leftOut = fit.leftOut.map((index) => columns[index]?.header);
  const remark = leftOut.length === 0 ? '' : `${paint('dim', `(no room for ${leftOut.join(', ')})`)}\n`;
  return `${plainTable(layout, [header, ...body])}${remark}`;
}

/** A name and what it stands for. */
export type Pair = readonly [name: string, text: string, colour?: Colour];

/** Names and what they stand for, one below the other; a long text goes on below its beginning. */
export function pairsText(pairs: readonly Pair[], { width, paint }: Drawing): string {
  const nameWidth = Math.max(...pairs.map(([name]) => name.length));
  const textWidth = Math.max(20, width === null ? Number.MAX_SAFE_INTEGER : width - nameWidth - GAP);
  return pairs
    .flatMap(([name, text, colour = null]) =>
      wrapText(visible(text), textWidth).map((line, index) => {
        const margin = index === 0 ? paint('bold', name.padEnd(nameWidth)) : ' '.repeat(nameWidth);
        return `${margin}${' '.repeat(GAP)}${paint(colour, line)}\n`;
      }),
    )
    .join('');
}

/** cli-table3 takes time by the square of the rows. Since the widths are fixed, pieces fit together. */
const PIECE = 500;

function plainTable(
  columns: ReadonlyArray<{ width: number; align: 'left' | 'right' }>,
  rows: readonly string[][],
): string {
  const pieces = Array.from({ length: Math.ceil(rows.length / PIECE) }, (_, index) => {
    const table = new CliTable({
      chars: PLAIN,
      style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
      colWidths: columns.map(({ width }) => width),
      colAligns: columns.map(({ align }) => align),
    });
    table.push(...rows.slice(index * PIECE, (index + 1) * PIECE));
    return `${withoutTrailingBlanks(table.toString())}\n`;
  });
  return pieces.join('');
}

const NO_LINE = { top: '', bottom: '', mid: '', left: '', right: '' };
const PLAIN = {
  ...NO_LINE,
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  'left-mid': '',
  'mid-mid': '',
  'right-mid': '',
  middle: ' '.repeat(GAP),
};

function withoutTrailingBlanks(text: string): string {
  return text.replace(/ +$/gm, '');
}
