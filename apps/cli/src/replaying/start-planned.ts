import { checkPlan, type RedisConnection, type ReplayRun, setRunConflictRule } from '@callpost/queue';
import { type BulkOptions, mayDo } from '../choosing/bulk-options.js';
import { REPLAY } from '../choosing/doing.js';
import type { Context } from '../context.js';
import { RefusedError, StaleError, UsageError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { filterOf, isEmptyFilter } from '../letters/filter-options.js';
import { print } from '../output/form.js';
import { countText } from '../output/words.js';
import { unlessStopped } from '../unless-stopped.js';
import { withRedis } from '../with-redis.js';
import { changeRate } from './change-rate.js';
import { expiredText, refusedMove } from './move-runs.js';
import { overtakenFacts } from './overtaken-facts.js';
import type { PlanOptions } from './plan-options.js';
import { runFacts, runText } from './run-text.js';
import { findRun, runDocument, viewOf } from './run-view.js';
import { startRuns } from './start-runs.js';

type Options = PlanOptions & BulkOptions & { readonly wait?: true };

/** Starts a run as it was planned; only its rate and its rule for conflicts may still be changed. */
export function startPlanned(runId: string, options: Options, context: Context): Promise<ExitCode> {
  checkNothingElse(options);
  return withRedis(context, 'tool', async (redis) => {
    const planned = await findRun(redis, runId, context);
    const { id, channel, count } = planned;
    if (planned.state !== 'planned') throw refusedMove(id, 'start', { status: 'refused', run: planned });
    const run = { ...planned, onCallConflict: options.onCallConflict ?? planned.onCallConflict };
    const check = await checkedPlan(redis, run, context);
    const warnings = overtakenFacts({
      newerDelivered: check.newerDelivered,
      letters: check.asPlanned,
      onCallConflict: run.onCallConflict,
      instead: `callpost replay start ${id} --on-call-conflict continue`,
    });
    const nowMs = context.now();
    if (options.dryRun) {
      const view = await viewOf(redis, run);
      const document = { dryRun: true, ...runDocument(view), ...check };
      await print(context, {
        table: (drawing) => runText(view, nowMs, drawing, warnings),
        json: document,
        ndjson: [document],
      });
      return EXIT.ok;
    }
    const comment = options.comment ?? run.comment;
    const facts = [
      ['dead letters', countText(count)] as const,
      ...(check.asPlanned === count ? [] : [['', leftText(check.asPlanned, count)] as const]),
      ...runFacts(run, nowMs),
    ];
    const asked = { ...options, ...(comment !== null && { comment }) };
    if (!(await mayDo(REPLAY, count, asked, facts, context, warnings))) {
      throw new RefusedError('that is not the number; nothing was replayed');
    }
    if (options.maxRate !== undefined) {
      const change = { channel, runId: id, maxPerSecond: options.maxRate, comment: options.comment ?? null };
      await changeRate(redis, change, context);
    }
    await setRunConflictRule(redis, { channel, runId: id, onCallConflict: run.onCallConflict });
    return startRuns(redis, [run], { wait: options.wait === true, comment }, context);
  });
}

/** @throws StaleError when nothing would be sent any more */
async function checkedPlan(redis: RedisConnection, run: ReplayRun, context: Context) {
  const check = await unlessStopped(checkPlan(redis, run), context);
  if (check === null) throw new StaleError(expiredText(run.id));
  if (check.asPlanned > 0) return check;
  const letters = run.count === 1 ? 'its letter was' : `its ${countText(run.count)} letters were`;
  throw new StaleError(
    `the plan ${run.id} is out of date: ${letters} replayed or discarded since; callpost replay plan makes a new one`,
  );
}

function leftText(asPlanned: number, count: number): string {
  return `${countText(asPlanned)} as planned; ${countText(count - asPlanned)} replayed or discarded since, and skipped`;
}

/** What was planned is what is started: anything else that was typed would be silently ignored. */
function checkNothingElse(options: PlanOptions): void {
  const { all, canary, patch, edit, reveal } = options;
  const others = [all, canary, patch, edit, reveal];
  if (isEmptyFilter(filterOf(options)) && others.every((other) => other === undefined)) return;
  throw new UsageError({
    field: 'run id',
    found: 'options of a new run beside it',
    allowed: 'only --max-rate, --on-call-conflict, --comment, --yes, --dry-run, --wait',
  });
}
