import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from './fault.js';
import { groupBy } from './group-by.js';
import { checkLedger, type LedgerReport } from './ledger/check-ledger.js';
import { readLedger } from './ledger/ledger.js';
import type { Load } from './parts/producer.js';
import type { Random } from './random.js';
import type { Stage } from './stage.js';

export interface RunOptions {
  readonly load: Load;
  /** Ms for everything to be delivered or dead, once all faults are over. */
  readonly drainWithinMs: number;
}

export interface RunReport extends LedgerReport {
  /** What must not be, beyond what the ledger shows: a fault that failed, or events that went nowhere. */
  readonly troubles: readonly string[];
  readonly tookMs: number;
  /** From the end of the last fault until all was settled. */
  readonly drainedAfterMs: number;
  /** Of the ledger, for the checker program; gone when the stage is closed. */
  readonly folder: string;
}

/** Workers of a stage, always at least this many. */
const WORKERS = 2;
/** A fault begins when this share of the load was acknowledged, so that there is something to break. */
const BEGIN_AT_SHARE = 0.1;

/**
 * Breaks things under load, waits until everything that can be delivered is, and checks the ledger. Faults of one part
 * come one after the other, those of different parts at the same time.
 */
export async function runFaults(
  stage: Stage,
  faults: readonly Fault[],
  random: Random,
  { load, drainWithinMs }: RunOptions,
): Promise<RunReport> {
  const startedAtMs = Date.now();
  const troubles: string[] = [];
  while (stage.fleet.workers.length < WORKERS) await stage.fleet.start();
  const folder = stage.newLedger(load);
  stage.producer.start();
  const begin = load.calls * load.eventsPerCall * BEGIN_AT_SHARE;
  while (stage.producer.acknowledgedCount() < begin) await sleep(10);

  const timelines = groupBy(faults, ({ part }) => part);
  await Promise.all(
    [...timelines.values()]
      .map((timeline) => ({ timeline, own: random.fork() }))
      .map(async ({ timeline, own }) => {
        for (const fault of timeline) {
          await sleep(own.between(0, 300));
          await fault
            .inject(stage, own, faults.length === 1)
            .catch((error: unknown) => troubles.push(`${fault.name}: ${String(error)}`));
        }
      }),
  );

  const brokenUntilMs = Date.now();
  if (!(await isDrained(stage, drainWithinMs))) {
    troubles.push(
      `not settled ${drainWithinMs / 1_000} s after the last fault: ${JSON.stringify(await stage.status())}`,
    );
  }
  const drainedAfterMs = Date.now() - brokenUntilMs;
  await stage.writeEnd(folder);
  return {
    ...checkLedger(readLedger(folder)),
    troubles,
    tookMs: Date.now() - startedAtMs,
    drainedAfterMs,
    folder,
  };
}

async function isDrained(stage: Stage, withinMs: number): Promise<boolean> {
  const deadlineMs = Date.now() + withinMs;
  while (Date.now() < deadlineMs) {
    if (stage.producer.isDone()) {
      const { dead: _, ...open } = await stage.status();
      if (Object.values(open).every((count) => count === 0)) return true;
    }
    await sleep(50);
  }
  return false;
}

export function isKept({ violations, troubles }: RunReport): boolean {
  return violations.length === 0 && troubles.length === 0;
}
