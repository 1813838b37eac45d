import { expect, it } from 'vitest';
import { CATALOGUE } from '../src/catalogue/catalogue.js';
import { ALONE } from '../src/command.js';
import { PLANTED_BUGS } from '../src/planted/planted-bugs.js';
import { seededRandom } from '../src/random.js';
import { lineOf } from '../src/report.js';
import { runFaults } from '../src/run-faults.js';
import { openStage } from '../src/stage.js';

/** What was lost never settles; no need to wait as long as for what is only late. */
const DRAIN_WITHIN_MS = 15_000;

it.each(PLANTED_BUGS)(
  '$name is found: $does',
  async ({ name, shownBy, foundAs }) => {
    const fault = CATALOGUE.find((one) => one.name === shownBy);
    if (fault === undefined) throw new Error(`no fault ${shownBy}`);
    const stage = await openStage(fault.needs ?? {}, name);
    try {
      const load = { prefix: name, ...ALONE, ...fault.load };
      const report = await runFaults(stage, [fault], seededRandom(1), {
        load,
        drainWithinMs: DRAIN_WITHIN_MS,
      });
      expect(
        report.violations.map(({ kind }) => kind),
        lineOf(name, report),
      ).toContain(foundAs);
    } finally {
      await stage.close();
    }
  },
  120_000,
);
