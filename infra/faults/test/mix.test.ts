import { expect, it } from 'vitest';
import { CATALOGUE } from '../src/catalogue/catalogue.js';
import { ALONE, DRAIN_WITHIN_MS } from '../src/command.js';
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

it('several faults at a time: nothing is lost, no call out of order', async () => {
  const faults = [
    'worker-kill',
    'redis-kill-always',
    'endpoint-reset-after',
    'endpoint-503',
    'producer-kill',
  ].map((wanted) => CATALOGUE.find(({ name }) => name === wanted));
  const stage = await openStage({});
  try {
    const load = { prefix: 'mix', ...ALONE };
    const chosen = faults.filter((fault) => fault !== undefined);
    expect(chosen).toHaveLength(faults.length);
    const report = await runFaults(stage, chosen, seededRandom(1), { load, drainWithinMs: DRAIN_WITHIN_MS });
    expect(isKept(report), lineOf('mix', report)).toBe(true);
  } finally {
    await stage.close();
  }
}, 120_000);
