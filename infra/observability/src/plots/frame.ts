/** A plot as text: an SVG of one panel over time, with the span of an outage behind it. */
export interface Frame {
  readonly title: string;
  /** Minutes since the start: where the axis ends. */
  readonly endMinute: number;
  /** The span in which Re:amaze failed. */
  readonly outage: readonly [fromMinute: number, toMinute: number];
  readonly markers: readonly { readonly minute: number; readonly text: string }[];
}

export const WIDTH = 900;
export const LEFT = 64;
export const RIGHT = 16;
export const TOP = 62;
const BOTTOM = 34;

/** Colours that people who confuse red and green can tell apart (Okabe and Ito). */
export const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#555555'] as const;

export function xOf(minute: number, { endMinute }: Frame): number {
  return round(LEFT + (minute / endMinute) * (WIDTH - LEFT - RIGHT));
}

/** @param plotHeight of the panel without title and axis */
export function framed(
  frame: Frame,
  plotHeight: number,
  body: readonly string[],
  legend: readonly Legend[],
): string {
  const height = TOP + plotHeight + BOTTOM;
  const bottom = TOP + plotHeight;
  const [from, to] = frame.outage;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="system-ui, sans-serif" font-size="12" fill="#222" role="img" aria-label="${escaped(frame.title)}">`,
    `<title>${escaped(frame.title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="${LEFT}" y="20" font-size="15" font-weight="600">${escaped(frame.title)}</text>`,
    ...legendOf(legend),
    `<rect x="${xOf(from, frame)}" y="${TOP}" width="${round(xOf(to, frame) - xOf(from, frame))}" height="${plotHeight}" fill="#d55e00" opacity="0.09"/>`,
    ...minuteTicks(frame, bottom),
    ...body,
    ...frame.markers.flatMap(({ minute, text }, index) => marker(xOf(minute, frame), text, bottom, index)),
    `<line x1="${LEFT}" y1="${bottom}" x2="${WIDTH - RIGHT}" y2="${bottom}" stroke="#222"/>`,
    '</svg>',
    '',
  ].join('\n');
}

export interface Legend {
  readonly name: string;
  readonly colour: string;
}

function legendOf(legend: readonly Legend[]): string[] {
  let x = LEFT;
  return legend.map(({ name, colour }) => {
    const at = x;
    x += 24 + name.length * 6.6;
    return `<rect x="${round(at)}" y="31" width="10" height="10" fill="${colour}"/><text x="${round(at + 14)}" y="40">${escaped(name)}</text>`;
  });
}

function minuteTicks(frame: Frame, bottom: number): string[] {
  const step = frame.endMinute > 15 ? 5 : 1;
  const minutes = Array.from({ length: Math.floor(frame.endMinute / step) + 1 }, (_, index) => index * step);
  return minutes.map((minute) => {
    const x = xOf(minute, frame);
    const label = minute + step > frame.endMinute ? `${minute} min` : `${minute}`;
    return `<line x1="${x}" y1="${TOP}" x2="${x}" y2="${bottom + 4}" stroke="#ddd"/><text x="${x}" y="${bottom + 18}" text-anchor="middle">${label}</text>`;
  });
}

function marker(x: number, text: string, bottom: number, index: number): string[] {
  const y = TOP + 12 + index * 14;
  return [
    `<line x1="${x}" y1="${TOP}" x2="${x}" y2="${bottom}" stroke="#222" stroke-dasharray="2 3"/>`,
    `<text x="${x + 4}" y="${y}" font-size="11" stroke="#fff" stroke-width="3" paint-order="stroke">${escaped(text)}</text>`,
  ];
}

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

/** More digits would only make the file larger. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
