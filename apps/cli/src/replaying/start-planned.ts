import { setRunRate } from '@callpost/queue';
import { type BulkOptions, mayDo } from '../choosing/bulk-options.js';
import { REPLAY } from '../choosing/doing.js';
import type { Context } from '../context.js';
import { RefusedError, UsageError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { filterOf, isEmptyFilter } from '../letters/filter-options.js';
import { print } from '../output/form.js';
import { withRedis } from '../with-redis.js';
import { refusedMove } from './move-runs.js';
import type { PlanOptions } from './plan-options.js';
import { runFacts, runText } from './run-text.js';
import { findRun, runDocument, viewOf } from './run-view.js';
import { startRuns } from './start-runs.js';

/** Starts a run as it was planned; only its rate may still be changed. */
export function startPlanned(
  runId: string,
  options: PlanOptions & BulkOptions & { readonly wait?: true },
  context: Context,
): Promise<ExitCode> {
  checkNothingElse(options);
  return withRedis(context, 'tool', async (redis) => {
    const run = await findRun(redis, runId, context);
    const { id, channel, count } = run;
    if (run.state !== 'planned') throw refusedMove(id, 'start', { status: 'refused', run });
    const nowMs = context.now();
    if (options.dryRun) {
      const view = await viewOf(redis, run);
      await print(context, {
        table: (drawing) => runText(view, nowMs, drawing),
        json: { dryRun: true, ...runDocument(view) },
        ndjson: [{ dryRun: true, ...runDocument(view) }],
      });
      return EXIT.ok;
    }
    const comment = options.comment ?? run.comment;
    const facts = [['dead letters', String(count)] as const, ...runFacts(run, nowMs)];
    const asked = { ...options, ...(comment !== null && { comment }) };
    if (!(await mayDo(REPLAY, count, asked, facts, context))) {
      throw new RefusedError('that is not the number; nothing was replayed');
    }
    if (options.maxRate !== undefined) {
      await setRunRate(redis, { channel, runId: id, maxPerSecond: options.maxRate });
    }
    return startRuns(redis, [run], { wait: options.wait === true, comment }, context);
  });
}

/** What was planned is what is started: anything else that was typed would be silently ignored. */
function checkNothingElse(options: PlanOptions): void {
  const { all, canary, onCallConflict, patch, edit, reveal } = options;
  const others = [all, canary, onCallConflict, patch, edit, reveal];
  if (isEmptyFilter(filterOf(options)) && others.every((other) => other === undefined)) return;
  throw new UsageError({
    field: 'run id',
    found: 'options of a new run beside it',
    allowed: 'only --max-rate, --comment, --yes, --dry-run, --wait',
  });
}
