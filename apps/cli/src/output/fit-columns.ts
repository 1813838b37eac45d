export interface ColumnWidth {
  /** Characters of the widest cell, or of the header. */
  readonly natural: number;
  /** Numbers are not: half a number is a wrong one. */
  readonly mayShorten: boolean;
  /** In a table too wide, the column with the highest number is left out first; null for one that stays. */
  readonly leaveOut: number | null;
}

export interface Fit {
  /** The index of each column that stays, and its width. */
  readonly kept: readonly KeptColumn[];
  /** Indexes, in the order of the columns. */
  readonly leftOut: readonly number[];
}

interface KeptColumn {
  readonly index: number;
  readonly width: number;
}

export const GAP = 2;
/** The last column is text to read: down to here it is shortened before another column is left out. */
const READABLE = 24;
/** No column is narrowed below this, even if the table then is too wide. */
const LEAST = 8;

type Fitting = ColumnWidth & KeptColumn;

/**
 * Widths with which a table fits: first the last column is shortened, then columns are left out, then the last column
 * is shortened further, and then whichever is widest. A table of nothing but numbers may still be too wide.
 *
 * @param width null for no limit
 */
export function fitColumns(columns: readonly ColumnWidth[], width: number | null): Fit {
  const all = columns.map((column, index) => ({ ...column, index, width: column.natural }));
  const kept = width === null ? all : fitted(all, width);
  const stays = new Set(kept.map(({ index }) => index));
  return {
    kept: kept.map(({ index, width }) => ({ index, width })),
    leftOut: all.map(({ index }) => index).filter((index) => !stays.has(index)),
  };
}

function fitted(columns: readonly Fitting[], width: number): readonly Fitting[] {
  let kept = columns;
  while (excess(shortened(kept, kept.at(-1), READABLE, width), width) > 0) {
    const first = kept.toSorted((a, b) => (b.leaveOut ?? -1) - (a.leaveOut ?? -1))[0];
    if (first === undefined || first.leaveOut === null) break;
    kept = kept.filter((column) => column !== first);
  }
  kept = shortened(kept, kept.at(-1), READABLE, width);
  kept = shortened(kept, kept.at(-1), LEAST, width);
  const widestFirst = kept.filter(({ mayShorten }) => mayShorten).toSorted((a, b) => b.width - a.width);
  return widestFirst.reduce((narrowed, { index }) => {
    const widest = narrowed.find((column) => column.index === index);
    return shortened(narrowed, widest, LEAST, width);
  }, kept);
}

/** One column narrowed as far as it takes, but not below `least`. */
function shortened(
  columns: readonly Fitting[],
  which: Fitting | undefined,
  least: number,
  width: number,
): readonly Fitting[] {
  const tooMuch = excess(columns, width);
  if (which === undefined || !which.mayShorten || tooMuch <= 0) return columns;
  const narrower = Math.max(Math.min(least, which.width), which.width - tooMuch);
  return columns.map((column) => (column === which ? { ...column, width: narrower } : column));
}

function excess(columns: readonly KeptColumn[], width: number): number {
  return columns.reduce((sum, column) => sum + column.width, GAP * (columns.length - 1)) - width;
}
