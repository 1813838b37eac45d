import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CATALOGUE } from '../src/catalogue/catalogue.js';
import { NOT_IN_TIME } from '../src/catalogue/worker-faults.js';
import { ALONE, DRAIN_WITHIN_MS } from '../src/command.js';
import { FILES } from '../src/ledger/ledger.js';
import { seededRandom } from '../src/random.js';
import { lineOf } from '../src/report.js';
import { isKept, runFaults } from '../src/run-faults.js';
import { openStage } from '../src/stage.js';
import { mixesOf } from '../src/storm.js';

const names = (seed: number) => {
  const mixes = mixesOf(CATALOGUE, seededRandom(seed));
  return Array.from({ length: 20 }, () =>
    mixes.next().value?.[1].faults.map(({ name }: { name: string }) => name),
  );
};

it('a seed makes the same choices again, and another seed makes others', () => {
  expect(names(7)).toEqual(names(7));
  expect(names(7)).not.toEqual(names(8));
});

describe('several faults at a time: nothing is lost, no call out of order', () => {
  it.each([
    [['worker-kill', 'redis-kill-always', 'endpoint-reset-after', 'endpoint-503', 'producer-kill']],
    [['worker-sigterm', 'redis-kill-always', 'redis-net-cut']],
  ])(
    '%j',
    async (wanted) => {
      const faults = CATALOGUE.filter(({ name }) => wanted.includes(name));
      expect(faults).toHaveLength(wanted.length);
      const stage = await openStage({});
      try {
        const load = { prefix: 'mix', ...ALONE };
        const report = await runFaults(stage, faults, seededRandom(1), {
          load,
          drainWithinMs: DRAIN_WITHIN_MS,
        });
        expect(isKept(report), lineOf('mix', report)).toBe(true);
        // Redis is away for less than the grace each time.
        expect(readFileSync(join(report.folder, FILES.breakages), 'utf8')).not.toContain(NOT_IN_TIME);
      } finally {
        await stage.close();
      }
    },
    120_000,
  );
});
