import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

let folder: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'callpost-quickstart-'));
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGTERM');
});

interface Run {
  readonly child: ChildProcess;
  readonly text: () => string;
  readonly code: Promise<number | null>;
  readonly until: (words: string) => Promise<void>;
}

function start(...args: string[]): Run {
  const child = spawn(process.execPath, [MAIN, ...args, '--data', folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += String(chunk)));
  const code = once(child, 'close').then(([exitCode]) => exitCode);
  return {
    child,
    code,
    text: () => text,
    async until(words) {
      while (!text.includes(words)) {
        if (child.exitCode !== null) throw new Error(`ended before "${words}":\n${text}`);
        await once(child.stdout, 'data');
      }
    },
  };
}

/** Process ids of everything that a start has running. */
function runningOf(): number[] {
  const { redis, others } = JSON.parse(readFileSync(join(folder, 'running.json'), 'utf8'));
  return [redis.pid, ...others];
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('the quickstart', () => {
  it('delivers the sample calls, and the next start finds what is left', async () => {
    const first = start('--calls', '5', '--exit');
    expect(await first.code, first.text()).toBe(0);
    expect(first.text()).toContain('empty: nothing is left');
    expect(first.text()).toMatch(/ 500 +retry in \d\.\d s \(attempt 2\)/);
    expect(first.text()).toMatch(/ reset retry in/);
    expect(first.text()).toMatch(/ 422 +dead letter, http_422/);
    expect(first.text()).toMatch(
      /sent +19 [\s\S]*delivered +18 [\s\S]*dead +1 [\s\S]*out of order +0 [\s\S]*bad signatures +0 /,
    );
    expect(first.text()).not.toMatch(/\+1\d{3}555/);
    expect(first.text()).not.toContain('\x1b[');

    const second = start('--calls', '1', '--exit');
    expect(await second.code, second.text()).toBe(0);
    expect(second.text()).toContain(
      'left from earlier starts: 1 dead letter, 0 events still to be delivered',
    );
    expect(existsSync(join(folder, 'redis', 'appendonlydir'))).toBe(true);
  });

  it('goes on running until Ctrl-C, keeps others off its folder, and leaves nothing running', async () => {
    const first = start('--calls', '1');
    await first.until('Where to look next');
    await first.until('Ctrl-C stops everything');
    expect(first.text()).toMatch(/metrics +http:\/\/127\.0\.0\.1:\d+\/metrics/);
    expect(first.text()).toMatch(/npx callpost replay start --id call-/);

    const second = start('--calls', '1', '--exit');
    expect(await second.code).toBe(1);
    expect(second.text()).toContain('Callpost already runs on');

    const pids = runningOf();
    expect(pids).toHaveLength(3);
    first.child.kill('SIGINT');
    expect(await first.code, first.text()).toBe(0);
    expect(pids.filter(isRunning)).toEqual([]);
    expect(existsSync(join(folder, 'running.json'))).toBe(false);
  });
});
