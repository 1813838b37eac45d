import type { Readable, Writable } from 'node:stream';

/** A stream that may be a terminal, as those of `process` are. */
export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number };
type InputStream = Readable & { readonly isTTY?: boolean };

/** Where a command reads and writes; never `process` itself, so that commands can be tested. */
export interface Terminal {
  readonly stdin: InputStream;
  /** Data only. */
  readonly stdout: OutputStream;
  /** Progress, notes, questions and errors. */
  readonly stderr: OutputStream;
}

/** Some pseudo terminals do not know their size. */
const USUAL_COLUMNS = 80;

/** Null when the stream is no terminal: then nothing is shortened. */
export function widthOf(stream: OutputStream): number | null {
  return stream.isTTY === true ? stream.columns || USUAL_COLUMNS : null;
}

/** Whether a person sits there who can be asked. */
export function canAsk({ stdin, stderr }: Terminal): boolean {
  return stdin.isTTY === true && stderr.isTTY === true;
}

/** Resolves when the stream has taken the text, or will take none any more. */
export function write(stream: OutputStream, text: string): Promise<void> {
  return new Promise((resolve) => {
    stream.write(text, () => resolve());
  });
}

/** One line of words for a person. */
export function note({ stderr }: Terminal, text: string): Promise<void> {
  return write(stderr, `${text}\n`);
}
