import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { type DataFolderOptions, FolderInUseError, type Holder, takeDataFolder } from './data-folder.js';

const NOW_MS = 1_000_000;
const STARTER = 71;
const REDIS = 72;
const WORKER = 73;

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'callpost-folder-'));
  file = join(folder, 'running.json');
});

const take = (options: Partial<DataFolderOptions> & { readonly running?: readonly number[] } = {}) =>
  takeDataFolder({
    folder,
    nowMs: NOW_MS,
    isRunning: (pid) => (options.running ?? []).includes(pid),
    isServed: async () => true,
    ...options,
  });

const heldBy = (holder: Partial<Holder>) =>
  writeFileSync(file, JSON.stringify({ pid: STARTER, sinceMs: NOW_MS - 1_000, ...holder }));

const SERVING = { redis: { pid: REDIS, port: 6_000 }, others: [WORKER] };

describe('the data folder', () => {
  it('is made, held with what runs on it, and released', async () => {
    const taken = await take({ folder: join(folder, 'new') });
    taken.note({ redis: { pid: REDIS, port: 6_000 } });
    taken.note({ others: [WORKER] });
    expect(JSON.parse(readFileSync(join(taken.path, 'running.json'), 'utf8'))).toEqual({
      pid: process.pid,
      sinceMs: NOW_MS,
      ...SERVING,
    });
    expect(existsSync(taken.redisFolder)).toBe(true);
    taken.release();
    expect(existsSync(join(taken.path, 'running.json'))).toBe(false);
  });

  it('is refused while another start runs on it', async () => {
    heldBy(SERVING);
    await expect(take({ running: [STARTER, REDIS] })).rejects.toThrow(
      /already runs .* \(process 71, Redis on port 6000\)/,
    );
    await expect(take({ running: [STARTER, REDIS] })).rejects.toThrow(FolderInUseError);
  });

  it('is refused while another start is under way, unless that takes too long to be true', async () => {
    heldBy({});
    await expect(take({ running: [STARTER] })).rejects.toThrow(/under way \(process 71\)/);
    heldBy({ sinceMs: NOW_MS - 3_600_000 });
    await expect(take({ running: [STARTER] })).resolves.toBeDefined();
  });

  it('is refused while a Redis that was left behind runs on it, with what to stop', async () => {
    heldBy(SERVING);
    await expect(take({ running: [REDIS, WORKER] })).rejects.toThrow(/kill 72 73\n/);
  });

  it.each([
    ['nothing of it runs any more', SERVING, []],
    ['the machine was started anew meanwhile', {}, []],
  ])('is taken over when %s', async (_, holder, running: number[]) => {
    heldBy(holder);
    await take({ running });
    expect(JSON.parse(readFileSync(file, 'utf8')).pid).toBe(process.pid);
  });

  it('is taken over when the process is another program or the Redis serves another folder', async () => {
    heldBy(SERVING);
    await expect(take({ running: [STARTER, REDIS], isServed: async () => false })).resolves.toBeDefined();
  });

  it('is taken over from a start that was killed while it wrote', async () => {
    writeFileSync(file, '{"pid":');
    await expect(take({ running: [STARTER] })).resolves.toBeDefined();
  });
});
