import { styleText } from 'node:util';

/** What `npm start` and `npm test` print about themselves: a line a step, its mark, its name and what came of it. */

const MARKS = { ok: ['green', '✓'], failed: ['red', '✗'], notice: ['yellow', '!'] };
const NAME_WIDTH = 22;

/** @param {'ok' | 'failed' | 'notice'} mark */
export function say(mark, name, detail = '') {
  const [colour, sign] = MARKS[mark];
  clearProgress();
  console.log(`${styleText(colour, sign)} ${name.padEnd(NAME_WIDTH)} ${styleText('dim', detail)}`.trimEnd());
}

export function plainly(text) {
  clearProgress();
  console.log(text);
}

/** What is going on now: on a terminal one line that the next one replaces, elsewhere nothing, so that logs stay short. */
export function progress(name, detail = '') {
  if (!process.stdout.isTTY) return;
  clearProgress();
  const text = `  ${name.padEnd(NAME_WIDTH)} ${detail}`;
  process.stdout.write(styleText('dim', text.slice(0, (process.stdout.columns ?? 80) - 1)));
}

export function seconds(sinceMs) {
  return `${((performance.now() - sinceMs) / 1_000).toFixed(1)} s`;
}

/** A command that cannot go on: one text for a person, exit code 1, no stack. */
export class CannotGoOn extends Error {}

/** Runs a whole command; what it throws ends it with a text instead of a stack where the text is meant for a person. */
export async function asCommand(body) {
  try {
    process.exitCode = await body();
  } catch (error) {
    if (!(error instanceof CannotGoOn)) throw error;
    clearProgress();
    console.error(`\n${error.message}`);
    process.exitCode = 1;
  }
}

function clearProgress() {
  if (process.stdout.isTTY) process.stdout.write('\r\x1b[2K');
}
