import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CATALOGUE } from '../src/catalogue/catalogue.js';
import { ALONE, DRAIN_WITHIN_MS } from '../src/command.js';
import { groupBy } from '../src/group-by.js';
import { seededRandom } from '../src/random.js';
import { lineOf } from '../src/report.js';
import { isKept, runFaults } from '../src/run-faults.js';
import { openStage, type Stage, withDefaults } from '../src/stage.js';

/** A seed of CI's own, always the same. */
const SEED = 20_260_101;

/** Every fault of the catalogue that needs such a stage, alone, one after the other on the same stage. */
export function testFaults(isOfThisFile: (redis: string, tls: boolean) => boolean): void {
  const short = CATALOGUE.filter(({ isLong }) => isLong !== true);
  const groups = groupBy(short, ({ needs }) => JSON.stringify(withDefaults(needs)));
  for (const [key, faults] of groups) {
    const needs = withDefaults(faults[0]?.needs);
    if (!isOfThisFile(needs.redis, needs.tls)) continue;
    describe(`with ${key}`, () => {
      let stage: Stage;
      const random = seededRandom(SEED);
      beforeAll(async () => {
        stage = await openStage(needs);
      });
      afterAll(() => stage.close());

      it.each(faults)(
        '$name: $does',
        async (fault) => {
          const load = { prefix: fault.name, ...ALONE, ...fault.load };
          const report = await runFaults(stage, [fault], random.fork(), {
            load,
            drainWithinMs: DRAIN_WITHIN_MS,
          });
          expect(isKept(report), lineOf(fault.name, report)).toBe(true);
        },
        120_000,
      );
    });
  }
}
