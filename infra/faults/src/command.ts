import { writeFileSync } from 'node:fs';
import { CATALOGUE } from './catalogue/catalogue.js';
import { groupBy } from './group-by.js';
import { type Options, readOptions, USAGE } from './options.js';
import { seededRandom } from './random.js';
import { createFigures, lineOf, tableOf } from './report.js';
import { isKept, type RunReport, runFaults } from './run-faults.js';
import { type Needs, openStage, type Stage, withDefaults } from './stage.js';
import { mixesOf } from './storm.js';

type Write = (text: string) => void;

/** 400 events in two seconds. */
export const ALONE = { calls: 40, eventsPerCall: 10, paceMs: 150 } as const;
/** 2,400 events in half a minute. */
const MIXED = { calls: 40, eventsPerCall: 60, paceMs: 450 } as const;
export const DRAIN_WITHIN_MS = 60_000;

/** The command. Exit code 0 when every promise was kept, 1 when one was not, 2 for a wrong option. */
export async function main(args: readonly string[], write: Write): Promise<number> {
  const options = readOptions(args, () => Math.floor(Math.random() * 2 ** 32));
  if (typeof options === 'string') {
    write(`${options}\n${USAGE}\n`);
    return 2;
  }
  if (options.list) {
    for (const { name, does } of CATALOGUE) write(`${name.padEnd(28)} ${does}\n`);
    return 0;
  }
  return run(options, write);
}

async function run({ minutes, seed, only, mixes, table }: Options, write: Write): Promise<number> {
  const startedAtMs = Date.now();
  const random = seededRandom(seed);
  write(`seed ${seed}: npm run faults -- --minutes ${minutes} --seed ${seed}\n`);
  const chosen = CATALOGUE.filter(({ name }) => only.length === 0 || only.includes(name));
  const figures = createFigures();
  let isGood = true;
  const tell = (name: string, report: RunReport) => {
    isGood &&= isKept(report);
    write(lineOf(name, report));
  };

  // Those that are not made still draw from the source, so that the others are what they are in the whole run.
  if (mixes.length > 0) for (const _ of chosen) random.fork();
  const alone = mixes.length > 0 ? [] : chosen;
  for (const group of groupBy(alone, ({ needs }) => JSON.stringify(withDefaults(needs))).values()) {
    const waiting = [...group];
    // Where a promise was broken, the next fault gets a stage of its own.
    while (waiting.length > 0) {
      await onStage(group[0]?.needs ?? {}, async (stage) => {
        for (let fault = waiting.shift(); fault !== undefined; fault = waiting.shift()) {
          const load = { prefix: fault.name, ...ALONE, ...fault.load };
          const report = await runFaults(stage, [fault], random.fork(), {
            load,
            drainWithinMs: DRAIN_WITHIN_MS,
          });
          tell(fault.name, report);
          figures.add([fault], report, 'alone');
          if (!isKept(report)) return;
        }
      });
    }
  }

  const untilMs = startedAtMs + minutes * 60_000;
  for (const [index, mix] of mixesOf(chosen, random)) {
    if (mixes.length > 0 ? index > Math.max(...mixes) : Date.now() >= untilMs) break;
    const own = random.fork();
    if (mixes.length > 0 && !mixes.includes(index)) continue;
    await onStage(mix.needs, async (stage) => {
      const load = { prefix: `mix-${index}`, ...MIXED };
      const report = await runFaults(stage, mix.faults, own, {
        load,
        drainWithinMs: 2 * DRAIN_WITHIN_MS,
      });
      tell(`mix ${index}: ${mix.faults.map(({ name }) => name).join(' ')}`, report);
      figures.add(mix.faults, report, 'mixed');
    });
  }

  const text = tableOf(figures, { seed, minutes: (Date.now() - startedAtMs) / 60_000 });
  write(`\n${text}`);
  if (table !== null) writeFileSync(table, text);
  write(isGood ? 'every promise was kept\n' : `a promise was broken; again: --seed ${seed}\n`);
  return isGood ? 0 : 1;
}

async function onStage(needs: Needs, use: (stage: Stage) => Promise<void>): Promise<void> {
  const stage = await openStage(needs);
  try {
    await use(stage);
  } finally {
    await stage.close();
  }
}
