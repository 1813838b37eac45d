import { mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Who uses a data folder now, as it is written there. */
export interface Holder {
  /** Of the quickstart. */
  readonly pid: number;
  /** Unix ms. */
  readonly sinceMs: number;
  /** The Redis on the folder; absent while it is being started. */
  readonly redis?: { readonly pid: number; readonly port: number };
  /** Of the other programs. */
  readonly others?: readonly number[];
}

export interface DataFolder {
  /** Absolute, without symbolic links. */
  readonly path: string;
  /** Where Redis keeps its files; absolute. */
  readonly redisFolder: string;
  /** Makes known what else runs on the folder. */
  note(holder: Pick<Holder, 'redis' | 'others'>): void;
  release(): void;
}

/** Two Redis servers on one folder destroy each other's data, so the second start ends here. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError';
}

export interface DataFolderOptions {
  readonly folder: string;
  readonly nowMs: number;
  readonly isRunning: (pid: number) => boolean;
  /** Whether a Redis that keeps its files in `redisFolder` answers on a port of this machine. */
  readonly isServed: (redisFolder: string, port: number) => Promise<boolean>;
}

/** Longer than it takes a quickstart to start its Redis. */
const STARTING_MS = 60_000;

/** @throws FolderInUseError with what to do about it */
export async function takeDataFolder(options: DataFolderOptions): Promise<DataFolder> {
  mkdirSync(join(options.folder, 'redis'), { recursive: true });
  const folder = realpathSync(options.folder);
  const redisFolder = join(folder, 'redis');
  const file = join(folder, 'running.json');
  let mine: Holder = { pid: process.pid, sinceMs: options.nowMs };
  if (!tryWrite(file, mine)) {
    const holder = readHolder(file);
    const conflict = holder === null ? null : await conflictWith(holder, { ...options, folder, redisFolder });
    if (conflict !== null) throw new FolderInUseError(`${conflict}\nIf that is not so, remove ${file}.`);
    rmSync(file, { force: true });
    if (!tryWrite(file, mine)) throw new FolderInUseError(`Another start took ${folder} at this moment.`);
  }
  return {
    path: folder,
    redisFolder,
    note(more) {
      mine = { ...mine, ...more };
      writeFileSync(file, JSON.stringify(mine));
    },
    release: () => rmSync(file, { force: true }),
  };
}

async function conflictWith(
  holder: Holder,
  { folder, redisFolder, nowMs, isRunning, isServed }: DataFolderOptions & { readonly redisFolder: string },
): Promise<string | null> {
  const { pid, redis, others = [], sinceMs } = holder;
  if (redis === undefined) {
    const isStarting = isRunning(pid) && nowMs - sinceMs < STARTING_MS;
    return isStarting ? `Another start on ${folder} is under way (process ${pid}).` : null;
  }
  if (!isRunning(redis.pid) || !(await isServed(redisFolder, redis.port))) return null;
  if (isRunning(pid)) {
    return `Callpost already runs on ${folder} (process ${pid}, Redis on port ${redis.port}). Stop it with Ctrl-C where it runs, or give this one a folder of its own with --data.`;
  }
  const left = [redis.pid, ...others].filter(isRunning).join(' ');
  return `A Redis of an earlier start still runs on ${folder} (port ${redis.port}), though that start is gone. Stop what it left with: kill ${left}`;
}

/** @returns false when the file is there already */
function tryWrite(file: string, holder: Holder): boolean {
  try {
    writeFileSync(file, JSON.stringify(holder), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Null for a file that a start left half-written when it was killed. */
function readHolder(file: string): Holder | null {
  try {
    const holder: Partial<Holder> = JSON.parse(readFileSync(file, 'utf8'));
    return typeof holder.pid === 'number' && typeof holder.sinceMs === 'number' ? (holder as Holder) : null;
  } catch {
    return null;
  }
}
