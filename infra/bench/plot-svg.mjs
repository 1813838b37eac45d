const WIDTH = 1_000;
const LEFT = 70;
const RIGHT = 20;
const TOP = 70;
const PANEL = 130;
const GAP = 34;
const BOTTOM = 40;
const FONT = 'font-family="DejaVu Sans, sans-serif"';

/**
 * Panels one below the other over the same seconds, as an SVG text.
 *
 * @param {{ title: string, seconds: number,
 *   bands: readonly { from: number, to: number, colour: string, text: string }[],
 *   panels: readonly { text: string, colour: string, values: readonly number[] }[] }} plot one value a second
 */
export function plotSvg({ title, seconds, bands, panels }) {
  const height = TOP + panels.length * (PANEL + GAP) - GAP + BOTTOM;
  const x = (second) => LEFT + ((WIDTH - LEFT - RIGHT) * second) / seconds;
  const bottom = height - BOTTOM;
  const shades = bands.map(
    ({ from, to, colour, text }) =>
      `<rect x="${x(from)}" y="${TOP - 12}" width="${x(to) - x(from)}" height="${bottom - TOP + 12}" fill="${colour}"/>
       <text x="${x(from) + 4}" y="${TOP - 18}" font-size="12" fill="#57606a">${text}</text>`,
  );
  const drawn = panels.map((panel, index) => panelSvg(panel, TOP + index * (PANEL + GAP), x));
  const step = Math.max(1, Math.round(seconds / 120)) * 10;
  const ticks = Array.from({ length: Math.floor(seconds / step) + 1 }, (_, index) => index * step).map(
    (second) =>
      `<text x="${x(second)}" y="${bottom + 18}" font-size="11" text-anchor="middle">${second} s</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" ${FONT} fill="#1f2328">
    <rect width="100%" height="100%" fill="white"/>
    <text x="${LEFT}" y="26" font-size="16" font-weight="bold">${title}</text>
    ${[...shades, ...drawn, ...ticks].join('\n')}
  </svg>`;
}

function panelSvg({ text, colour, values }, top, x) {
  const most = niceCeiling(Math.max(1, ...values));
  const y = (value) => top + PANEL * (1 - value / most);
  const points = values.map((value, index) => `${x(index + 1).toFixed(1)},${y(value).toFixed(1)}`);
  const lines = [0, most / 2, most].map(
    (value) =>
      `<line x1="${x(0)}" x2="${WIDTH - RIGHT}" y1="${y(value)}" y2="${y(value)}" stroke="#d0d7de"/>
       <text x="${LEFT - 6}" y="${y(value) + 4}" font-size="11" text-anchor="end">${value.toLocaleString('en-GB')}</text>`,
  );
  return `${lines.join('\n')}
    <polyline points="${points.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>
    <text x="${LEFT + 6}" y="${top + 14}" font-size="13" fill="${colour}">${text}</text>`;
}

/** 1, 2 or 5 and zeros. */
function niceCeiling(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((factor) => factor * power).find((nice) => nice >= value) ?? value;
}
