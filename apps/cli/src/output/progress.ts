import { MultiBar } from 'cli-progress';
import { type Terminal, widthOf, write } from '../terminal.js';

export interface Progress {
  update(value: number): void;
  /** A line for a person, above the bar. */
  note(text: string): Promise<void>;
  /** The bar goes; what was noted stays. */
  stop(): void;
}

export interface ProgressOptions {
  /** What it is, before the bar: `sending`. */
  readonly doing: string;
  /** The value at the end; null when nobody knows, for a mere counter. */
  readonly total: number | null;
  /** A value in words. */
  readonly valueText: (value: number) => string;
}

/** A bar on stderr while it is a terminal; else only the notes. */
export function createProgress(terminal: Terminal, options: ProgressOptions): Progress {
  const width = widthOf(terminal.stderr);
  return width === null ? notesOnly(terminal) : barOn(terminal, width, options);
}

function notesOnly({ stderr }: Terminal): Progress {
  return {
    update: () => undefined,
    note: (text) => write(stderr, `${text}\n`),
    stop: () => undefined,
  };
}

const WIDEST_BAR = 40;
/** What stands beside the bar. */
const WORDS = 52;

function barOn({ stderr }: Terminal, width: number, { doing, total, valueText }: ProgressOptions): Progress {
  const known = `${doing} [{bar}] {percentage}%  {value} of {total}  {eta_formatted} left`;
  const bars = new MultiBar({
    stream: stderr,
    format: total === null ? `${doing}  {value}` : known,
    formatValue: (value, _, type) =>
      type === 'value' || type === 'total' ? valueText(value) : String(value),
    barsize: Math.max(5, Math.min(WIDEST_BAR, width - WORDS)),
    barCompleteChar: '#',
    barIncompleteChar: '.',
    clearOnComplete: true,
    // A note pushes the bar down; the line must then be drawn again even if nothing in it changed.
    forceRedraw: true,
    linewrap: true,
    gracefulExit: false,
  });
  const bar = bars.create(total ?? 0, 0);
  return {
    update: (value) => bar.update(value),
    async note(text) {
      bars.log(`${text}\n`);
    },
    stop() {
      // Draws once more, and with that writes the notes that are still waiting.
      bars.update();
      bars.stop();
    },
  };
}
