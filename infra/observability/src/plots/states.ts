import { escaped, type Frame, framed, LEFT, RIGHT, round, TOP, WIDTH, xOf } from './frame.js';

/** What an alert was at each of these minutes. */
export interface Timeline {
  readonly name: string;
  readonly states: readonly { readonly minute: number; readonly state: 'pending' | 'firing' }[];
}

const ROW_HEIGHT = 34;
const BAR_TOP = 18;
const BAR_HEIGHT = 12;
const COLOUR = { pending: '#e69f00', firing: '#b2182b' } as const;
const LABEL_INSIDE = 4;

/** @param stepMinutes between two of the minutes */
export function plotStates(frame: Frame, timelines: readonly Timeline[], stepMinutes: number): string {
  const body = timelines.flatMap(({ name, states }, row) => {
    const y = TOP + row * ROW_HEIGHT;
    const bars = states.map(({ minute, state }) => {
      const x = xOf(minute, frame);
      const width = round(Math.min(xOf(minute + stepMinutes, frame), WIDTH - RIGHT) - x + 0.3);
      return `<rect x="${x}" y="${y + BAR_TOP}" width="${width}" height="${BAR_HEIGHT}" fill="${COLOUR[state]}"/>`;
    });
    const label = `<text x="${LEFT + LABEL_INSIDE}" y="${y + 13}" stroke="#fff" stroke-width="3" paint-order="stroke">${escaped(name)}</text>`;
    return [`<line x1="${LEFT}" y1="${y}" x2="${WIDTH - RIGHT}" y2="${y}" stroke="#eee"/>`, ...bars, label];
  });
  return framed(
    frame,
    timelines.length * ROW_HEIGHT,
    body,
    (['pending', 'firing'] as const).map((state) => ({ name: state, colour: COLOUR[state] })),
  );
}
