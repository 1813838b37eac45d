import type { DestinationStream } from 'pino';

/**
 * Writes what is logged within one turn of the event loop at once: a system call a turn, not one a line. Nothing waits
 * longer than that, and what is left when the process exits is written then; only a kill -9 in the midst of a turn takes
 * that turn's lines along.
 *
 * @param destination writes synchronously
 */
export function turnByTurn(destination: DestinationStream): DestinationStream {
  let lines = '';
  function writeAll(): void {
    const all = lines;
    lines = '';
    if (all !== '') destination.write(all);
  }
  process.on('exit', writeAll);
  return {
    write(line) {
      if (lines === '') setImmediate(writeAll);
      lines += line;
    },
  };
}
