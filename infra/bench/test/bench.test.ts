import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const BENCH = fileURLToPath(new URL('../bench.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'callpost-bench-test-'));

afterAll(() => rmSync(folder, { recursive: true }));

/** The smallest run of the bench there is: that it runs, and that its numbers can be. How fast is nobody's business here. */
async function bench(args: readonly string[]) {
  const file = join(folder, 'result.json');
  const { stdout } = await promisify(execFile)(process.execPath, [BENCH, '--tiny', '--json', file, ...args]);
  return { text: stdout, json: JSON.parse(readFileSync(file, 'utf8')) };
}

/** The bench reads /proc. */
const isLinux = process.platform === 'linux';

describe.runIf(isLinux)('all contenders', () => {
  let result: Awaited<ReturnType<typeof bench>>;
  beforeAll(async () => {
    result = await bench([]);
  }, 120_000);

  test('each delivers, and the sink saw every event', () => {
    const [round] = result.json.rounds;
    expect(Object.keys(round).sort()).toEqual([
      'callpost',
      'callpost-unordered',
      'naive',
      'noop',
      'plain',
      'undici',
    ]);
    for (const [name, run] of Object.entries<Record<string, number>>(round)) {
      expect(run.deliveriesPerSecond, name).toBeGreaterThan(1);
      expect(run.deliveriesPerSecond, name).toBeLessThan(1_000_000);
      expect(run.rssMb, name).toBeGreaterThan(20);
      expect(run.acceptedTwice, name).toBe(0);
      if (name !== 'noop') expect(run.connections, name).toBeGreaterThan(0);
      if (name !== 'undici') expect(run.redisBytesPerEvent, name).toBeGreaterThan(400);
    }
    expect(round.callpost.scrapeMs).toBeGreaterThan(0);
  });

  test('latency is positive and its p99 no less than its p50', () => {
    const [round] = result.json.latency;
    expect(Object.keys(round).sort()).toEqual(['callpost', 'naive', 'plain']);
    for (const { p50Ms, p99Ms, events } of Object.values<{ p50Ms: number; p99Ms: number; events: number }[]>(
      round,
    ).flat()) {
      expect(events).toBeGreaterThan(0);
      expect(p50Ms).toBeGreaterThan(0);
      expect(p99Ms).toBeGreaterThanOrEqual(p50Ms);
    }
  });

  test('every goal has a ratio and is judged by it', () => {
    for (const { name, at, wanted, ratio, isMet } of result.json.goals) {
      expect(ratio.median, name).toBeGreaterThan(0);
      expect(isMet, name).toBe(at === 'least' ? ratio.median >= wanted : ratio.median <= wanted);
      expect(result.text).toContain(name);
    }
  });

  test('the machine and the versions are told', () => {
    expect(result.json.machine.cores).toBeGreaterThan(0);
    expect(result.json.versions).toMatchObject({ node: process.versions.node, bullmq: expect.any(String) });
    expect(result.json.enqueue[0].sendMany).toBeGreaterThan(0);
  });
});

test.runIf(isLinux)(
  'a machine without a C compiler has a sink all the same',
  async () => {
    const { json } = await bench(['--only', 'callpost', '--sink', 'node']);
    expect(json.sink).toBe('node');
    expect(json.rounds[0].callpost.deliveriesPerSecond).toBeGreaterThan(1);
  },
  60_000,
);

test.runIf(isLinux)(
  'growth is measured, and nothing is lost while it is',
  async () => {
    const { json, text } = await bench(['--scale']);
    for (const [name, rows] of Object.entries<{ runs: { deliveriesPerSecond: number }[] }[]>(json.series)) {
      expect(text).toContain(`With more ${name}`);
      for (const { runs } of rows) expect(runs[0]?.deliveriesPerSecond, name).toBeGreaterThan(1);
    }
  },
  120_000,
);

test.runIf(isLinux)(
  'a profile names our modules',
  async () => {
    const { json } = await bench(['--profile']);
    const names = json.profiles.callpost.modules.map(({ name }: { name: string }) => name);
    expect(names).toEqual(expect.arrayContaining(['callpost apps/worker', 'bullmq', 'undici']));
  },
  60_000,
);

test.runIf(isLinux)(
  'a setting reaches the worker, which at LOG_LEVEL=warn does not say where its metrics are',
  async () => {
    const { json } = await bench(['--only', 'callpost', '--env', 'LOG_LEVEL=warn']);
    expect(json.env).toEqual({ LOG_LEVEL: 'warn' });
    expect(json.rounds[0].callpost.scrapeMs).toBeUndefined();
  },
  60_000,
);

test('a setting without a value is refused', async () => {
  await expect(bench(['--env', 'LOG_LEVEL'])).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/--env: found LOG_LEVEL; allowed: NAME=VALUE/),
  });
});

test('a contender that does not exist is refused with those that do', async () => {
  await expect(bench(['--only', 'fastest'])).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/--only: found fastest; allowed: naive, plain, callpost/),
  });
});
