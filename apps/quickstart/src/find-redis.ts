import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Valkey is Redis under another name since 2024. */
const NAMES = ['redis-server', 'valkey-server'] as const;

/** The first Redis server on the PATH; null for none. */
export function findRedis(path: string): string | null {
  const folders = path.split(delimiter).filter((folder) => folder !== '');
  const candidates = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return candidates.find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
