import {
  listRuns,
  type RedisConnection,
  type ReplayRun,
  type RunReport,
  type RunState,
  readResults,
  readRun,
  reportOf,
} from '@callpost/queue';
import { channelsOf } from '../channels.js';
import type { Context } from '../context.js';
import { NoMatchError } from '../errors.js';
import { fieldsOf } from './event-diff.js';

/** A run, and how far it got. */
export interface RunView {
  readonly run: ReplayRun;
  readonly report: RunReport;
}

const ENDED: ReadonlySet<RunState> = new Set(['stopped_by_canary', 'cancelled', 'done']);

/** Whether nothing more happens by itself. */
export function isAtEnd({ run }: RunView): boolean {
  return ENDED.has(run.state);
}

/** How many letters have come to their end in this run. */
export function settledOf({ report }: RunView): number {
  return report.planned - report.waiting - report.sent;
}

export function skippedOf({ report }: RunView): number {
  return Object.values(report.skipped).reduce((sum, count) => sum + count, 0);
}

export function isAllDelivered({ report }: RunView): boolean {
  return report.delivered === report.planned;
}

export async function viewOf(redis: RedisConnection, run: ReplayRun): Promise<RunView> {
  return { run, report: reportOf(run.count, await readResults(redis, run.channel, run.id)) };
}

/** The run as it is now. */
export async function viewAgain(redis: RedisConnection, { channel, id }: ReplayRun): Promise<RunView> {
  const run = await readRun(redis, channel, id);
  if (run === null) throw new NoMatchError(`the replay run ${id} is gone`);
  return viewOf(redis, run);
}

/**
 * A run by its id, in whatever channel.
 *
 * @throws NoMatchError
 */
export async function findRun(redis: RedisConnection, runId: string, context: Context): Promise<ReplayRun> {
  for (const channel of await channelsOf(redis, context)) {
    const run = await readRun(redis, channel, runId);
    if (run !== null) return run;
  }
  throw new NoMatchError(`no replay run ${runId}; callpost replay list shows them`);
}

/** Newest first. */
export async function allRuns(redis: RedisConnection, channels: readonly string[]): Promise<ReplayRun[]> {
  const runs = await Promise.all(channels.map((channel) => listRuns(redis, channel)));
  return runs.flat().sort((a, b) => b.plannedAtMs - a.plannedAtMs);
}

/** For scripts. Of a patch only which fields it changes: its values may be personal data. */
export function runDocument(view: RunView) {
  const { patch, ...run } = view.run;
  return {
    ...run,
    patchedFields: patch === null ? null : [...fieldsOf(patch).keys()],
    report: reportDocument(view),
  };
}

export function reportDocument({ report }: RunView) {
  const { planned, waiting, sent, delivered, deadAgain, skipped } = report;
  return { planned, waiting, enqueued: sent + delivered + deadAgain, sent, delivered, deadAgain, skipped };
}
