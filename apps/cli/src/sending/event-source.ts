import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { UsageError } from '../errors.js';
import type { Terminal } from '../terminal.js';

export interface EventSource {
  readonly input: Readable;
  /** Bytes; null when nobody knows, as of stdin. */
  readonly size: number | null;
}

/** About two hundred events: what the queue takes in one transaction. */
const READ_BYTES = 262_144;

/**
 * @param file a path, or `-` for stdin
 * @throws UsageError when there is nothing to read
 */
export async function openEvents(file: string, { stdin }: Terminal): Promise<EventSource> {
  if (file === '-') return { input: stdin, size: null };
  const handle = await open(file).catch((error: NodeJS.ErrnoException) => {
    throw unreadable(FOUND[error.code ?? ''] ?? `an error, ${error.code}`);
  });
  const stat = await handle.stat();
  if (stat.isDirectory()) {
    await handle.close();
    throw unreadable('a directory');
  }
  const input = handle.createReadStream({ highWaterMark: READ_BYTES });
  return { input, size: stat.isFile() ? stat.size : null };
}

const FOUND: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'a file that may not be read',
};

function unreadable(found: string): UsageError {
  return new UsageError({ field: 'FILE', found, allowed: 'a readable NDJSON file, or - for stdin' });
}
