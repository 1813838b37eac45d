import { expect, it } from 'vitest';
import { CATALOGUE } from '../src/catalogue/catalogue.js';
import { ALONE } from '../src/command.js';
import { PLANTED_BUGS, type PlantedBug } from '../src/planted/planted-bugs.js';
import { seededRandom } from '../src/random.js';
import { lineOf } from '../src/report.js';
import { type RunReport, runFaults } from '../src/run-faults.js';
import { openStage } from '../src/stage.js';

/** What was lost never settles; no need to wait as long as for what is only late. */
const DRAIN_WITHIN_MS = 15_000;

/** A bug shows when events meet in a way that the machine, not the seed, decides. */
const TRIES = 8;

it.each(PLANTED_BUGS)(
  '$name is found: $does',
  async (bug) => {
    let report = await runWith(bug, 1);
    for (let seed = 2; seed <= TRIES && !isFound(bug, report); seed += 1) report = await runWith(bug, seed);
    expect(isFound(bug, report), lineOf(bug.name, report)).toBe(true);
  },
  TRIES * 60_000,
);

function isFound({ foundAs }: PlantedBug, { violations }: RunReport): boolean {
  return violations.some(({ kind }) => kind === foundAs);
}

async function runWith({ name, shownBy }: PlantedBug, seed: number): Promise<RunReport> {
  const fault = CATALOGUE.find((one) => one.name === shownBy);
  if (fault === undefined) throw new Error(`no fault ${shownBy}`);
  const stage = await openStage(fault.needs ?? {}, name);
  try {
    const load = { prefix: name, ...ALONE, ...fault.load };
    return await runFaults(stage, [fault], seededRandom(seed), { load, drainWithinMs: DRAIN_WITHIN_MS });
  } finally {
    await stage.close();
  }
}
