import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisConnection, ReplayRun } from '@callpost/queue';
import { REPLAY } from '../choosing/doing.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { print } from '../output/form.js';
import { createProgress } from '../output/progress.js';
import { countText } from '../output/words.js';
import { note } from '../terminal.js';
import { createRemarks, progressLine } from './run-remarks.js';
import { reportText } from './run-text.js';
import { isAllDelivered, isAtEnd, type RunView, runDocument, settledOf, viewAgain } from './run-view.js';

/** Where stderr is no terminal, a line so often. */
const LINE_EVERY_MS = 5_000;
/** The results of a run are read whole: the more there are, the more seldom. */
const LOOK_EVERY_MS = 500;
const SLOWEST_LOOK_MS = 5_000;
const LETTERS_PER_MS = 20;

/** Follows runs to their end and reports. Whatever happens here, the workers go on with them. */
export async function followRuns(
  redis: RedisConnection,
  runs: readonly ReplayRun[],
  context: Context,
): Promise<ExitCode> {
  try {
    const views = await watchRuns(redis, runs, context);
    if (views === null) {
      await noteGoingOn(runs, context);
      return EXIT.interrupted;
    }
    await print(context, {
      table: (drawing) => views.map((view) => reportText(view, context.now(), drawing)).join('\n'),
      json: { runs: views.map(runDocument) },
      ndjson: views.map(runDocument),
    });
    return views.every(isAllDelivered) ? EXIT.ok : EXIT.partial;
  } catch (error) {
    await noteGoingOn(runs, context);
    throw error;
  }
}

/** Null when it was interrupted. */
async function watchRuns(
  redis: RedisConnection,
  runs: readonly ReplayRun[],
  { terminal, interrupted, now }: Context,
): Promise<RunView[] | null> {
  const total = runs.reduce((sum, { count }) => sum + count, 0);
  const lookMs = Math.min(SLOWEST_LOOK_MS, LOOK_EVERY_MS + total / LETTERS_PER_MS);
  const remarksOn = createRemarks();
  const progress = createProgress(terminal, { doing: REPLAY.continuous, total, valueText: countText });
  let saidAtMs = now();
  try {
    for (;;) {
      const views = await Promise.all(runs.map((run) => viewAgain(redis, run)));
      progress.update(views.reduce((sum, view) => sum + settledOf(view), 0));
      for (const remark of views.flatMap((view) => remarksOn(view, now()))) await progress.note(remark);
      if (views.every(isAtEnd)) return views;
      if (terminal.stderr.isTTY !== true && now() - saidAtMs >= LINE_EVERY_MS) {
        saidAtMs = now();
        for (const view of views) await progress.note(progressLine(view));
      }
      await sleep(lookMs, undefined, { signal: interrupted }).catch(() => undefined);
      if (interrupted.aborted) return null;
    }
  } finally {
    progress.stop();
  }
}

async function noteGoingOn(runs: readonly ReplayRun[], { terminal }: Context): Promise<void> {
  for (const { id } of runs) {
    await note(terminal, `Run ${id} goes on without this command; callpost replay cancel ${id} ends it.`);
  }
}
