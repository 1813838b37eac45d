import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { DeadLetter } from '@callpost/queue';
import { UsageError } from '../errors.js';
import { letterDocument } from '../letters/letter-document.js';
import { ndjsonText } from '../output/form.js';

export interface ExportFile {
  /** Resolves when the letters are on the disk, to be there also after a power cut. */
  append(letters: readonly DeadLetter[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * A new file for letters that are about to be removed; never one that is there, since it may hold the only copy of
 * others. Only its owner may read it: even masked, ids may say whose call it was.
 *
 * @throws UsageError
 */
export async function createExportFile(path: string, reveal: boolean): Promise<ExportFile> {
  const file = await open(path, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    const found = FOUND[error.code ?? ''] ?? `an error, ${error.code}`;
    throw new UsageError({ field: '--export', found, allowed: 'a new file in a directory that is there' });
  });
  await syncDirectory(dirname(path));
  return {
    async append(letters) {
      await file.writeFile(ndjsonText(letters.map((letter) => letterDocument(letter, reveal))));
      await file.sync();
    },
    close: () => file.close(),
  };
}

const FOUND: Readonly<Record<string, string>> = {
  EEXIST: 'a file that is there already',
  ENOENT: 'no such directory',
  EACCES: 'a directory that may not be written to',
};

/** Or the file would be on the disk, and its name might not. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path);
  await directory.sync().finally(() => directory.close());
}
