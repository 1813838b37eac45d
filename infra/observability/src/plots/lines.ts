import { COLOURS, type Frame, framed, LEFT, RIGHT, round, TOP, WIDTH, xOf } from './frame.js';

export interface Curve {
  readonly name: string;
  /** Not a number where there is nothing to show. */
  readonly points: readonly { readonly minute: number; readonly value: number }[];
}

export interface LinesOptions {
  readonly curves: readonly Curve[];
  /** Areas on top of each other, which need the same minutes in each. */
  readonly isStacked?: boolean;
  readonly thresholds?: readonly { readonly value: number; readonly text: string }[];
  readonly unit: string;
  /** A logarithmic axis that begins here, at a power of ten; what is smaller lies on it. Default: from 0, linear. */
  readonly logarithmicFrom?: number;
}

const HEIGHT = 190;

export function plotLines(frame: Frame, options: LinesOptions): string {
  const { curves, isStacked = false, thresholds = [], unit } = options;
  const layers = isStacked
    ? stacked(curves)
    : curves.map(({ points }) => points.map((point) => ({ ...point, base: 0 })));
  const values = layers
    .flat()
    .map(({ value }) => value)
    .filter(Number.isFinite);
  const greatest = Math.max(...values, ...thresholds.map(({ value }) => value), 1e-9);
  const { shareOf, ticks: tickValues } = axis(greatest, options.logarithmicFrom);
  const yOf = (value: number) => round(TOP + HEIGHT * (1 - shareOf(value)));

  const body = layers.flatMap((layer, index) => {
    const colour = COLOURS[index % COLOURS.length];
    return unbroken(layer).map((piece) => {
      const line = piece.map(({ minute, value }) => `${xOf(minute, frame)},${yOf(value)}`);
      if (!isStacked) {
        return `<polyline points="${line.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`;
      }
      const back = piece.map(({ minute, base }) => `${xOf(minute, frame)},${yOf(base)}`).reverse();
      return `<polygon points="${[...line, ...back].join(' ')}" fill="${colour}" opacity="0.75"/>`;
    });
  });
  const lines = thresholds.map(({ value, text }) => {
    const y = yOf(value);
    return `<line x1="${LEFT}" y1="${y}" x2="${WIDTH - RIGHT}" y2="${y}" stroke="#a00" stroke-dasharray="6 4"/><text x="${WIDTH - RIGHT}" y="${y - 4}" text-anchor="end" fill="#a00" font-size="11">${text}</text>`;
  });
  const ticks = tickValues.map((value, index) => {
    const y = yOf(value);
    const text = `${labelOf(value)}${index === tickValues.length - 1 ? ` ${unit}` : ''}`;
    return `<line x1="${LEFT}" y1="${y}" x2="${WIDTH - RIGHT}" y2="${y}" stroke="#eee"/><text x="${LEFT - 8}" y="${y + 4}" text-anchor="end">${text}</text>`;
  });
  const legend = curves.map(({ name }, index) => ({ name, colour: COLOURS[index % COLOURS.length] ?? '' }));
  return framed(frame, HEIGHT, [...ticks, ...body, ...lines], legend);
}

/** The pieces of a curve between its gaps: where there was nothing, no line pretends that there was. */
function unbroken<P extends { readonly minute: number; readonly value: number }>(
  points: readonly P[],
): P[][] {
  const shown = points.filter(({ value }) => Number.isFinite(value));
  const steps = shown.slice(1).map(({ minute }, index) => minute - (shown[index]?.minute ?? 0));
  const step = Math.min(...steps);
  const pieces: P[][] = [];
  for (const [index, point] of shown.entries()) {
    const isApart = index === 0 || (steps[index - 1] ?? 0) > 1.5 * step;
    if (isApart) pieces.push([point]);
    else pieces.at(-1)?.push(point);
  }
  return pieces;
}

function stacked(curves: readonly Curve[]) {
  const below = new Map<number, number>();
  return curves.map(({ points }) =>
    points.map(({ minute, value }) => {
      const base = below.get(minute) ?? 0;
      const sum = base + (Number.isFinite(value) ? value : 0);
      below.set(minute, sum);
      return { minute, base, value: sum };
    }),
  );
}

/** Where on the axis a value lies, from 0 to 1, and which values are named. */
function axis(greatest: number, logarithmicFrom: number | undefined) {
  if (logarithmicFrom === undefined) {
    const top = niceAbove(greatest);
    return {
      shareOf: (value: number) => Math.min(value, top) / top,
      ticks: [0, 0.25, 0.5, 0.75, 1].map((share) => share * top),
    };
  }
  const first = Math.log10(logarithmicFrom);
  const decades = Math.ceil(Math.log10(greatest) - first);
  return {
    shareOf: (value: number) => (Math.log10(Math.max(value, logarithmicFrom)) - first) / decades,
    ticks: Array.from({ length: decades + 1 }, (_, index) => 10 ** (first + index)),
  };
}

/** 1, 2, 4 or 8 times a power of ten: quarters of it are round too. */
function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 4, 8].find((factor) => factor * power >= value) ?? 10);
}

function labelOf(value: number): string {
  return value >= 1_000 ? `${Number((value / 1_000).toPrecision(3))}k` : String(Number(value.toPrecision(3)));
}
