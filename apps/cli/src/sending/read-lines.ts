import type { Readable } from 'node:stream';
import type { Fault } from '@callpost/domain';

export type Line =
  | { readonly ok: true; readonly number: number; readonly text: string }
  | { readonly ok: false; readonly number: number; readonly fault: Fault };

/** The lines that ended with a piece of input: few from a pipe that trickles, some hundred from a file. */
export interface LineBatch {
  readonly lines: readonly Line[];
  /** Bytes of input so far, lines that have not ended yet included. */
  readonly bytesRead: number;
}

/** Some hundred times a usual event: whatever is longer is no line of events, and must not fill the memory. */
export const MAX_LINE_BYTES = 1_048_576;

const NEWLINE = 0x0a;

/** Lines, counted from 1, as they come; the last one need not end with a newline. Blank lines are left out. */
export async function* readLines(input: Readable): AsyncGenerator<LineBatch> {
  const assembler = new LineAssembler();
  let bytesRead = 0;
  for await (const chunk of input) {
    const bytes: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
    bytesRead += bytes.length;
    yield { lines: assembler.take(bytes), bytesRead };
  }
  yield { lines: assembler.end(), bytesRead };
}

class LineAssembler {
  #number = 0;
  #parts: Buffer[] = [];
  #length = 0;

  take(bytes: Buffer): Line[] {
    const lines: Line[] = [];
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
      this.#keep(bytes.subarray(start, end));
      lines.push(...this.end());
      start = end + 1;
    }
    this.#keep(bytes.subarray(start));
    return lines;
  }

  /** The line kept so far, if it is not blank. */
  end(): Line[] {
    this.#number += 1;
    const line = lineOf(this.#number, Buffer.concat(this.#parts), this.#length);
    this.#parts = [];
    this.#length = 0;
    return line === null ? [] : [line];
  }

  /** Of a line too long only the length is kept. */
  #keep(bytes: Buffer): void {
    this.#length += bytes.length;
    if (this.#length <= MAX_LINE_BYTES) this.#parts.push(bytes);
    else this.#parts = [];
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function lineOf(number: number, bytes: Buffer, length: number): Line | null {
  if (length > MAX_LINE_BYTES) return fault(number, `${length} bytes`, `at most ${MAX_LINE_BYTES} bytes`);
  try {
    const text = utf8.decode(bytes);
    return text.trim() === '' ? null : { ok: true, number, text };
  } catch {
    return fault(number, 'bytes that are not UTF-8', 'JSON in UTF-8');
  }
}

function fault(number: number, found: string, allowed: string): Line {
  return { ok: false, number, fault: { field: 'event', found, allowed } };
}
