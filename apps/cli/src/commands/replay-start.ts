import type { RedisConnection } from '@callpost/queue';
import type { Command } from 'commander';
import { addBulkOptions, type BulkOptions, mayDo } from '../choosing/bulk-options.js';
import { confirmCount } from '../choosing/confirm.js';
import { describeLetters } from '../choosing/describe-letters.js';
import { REPLAY } from '../choosing/doing.js';
import type { Context } from '../context.js';
import { RefusedError, UsageError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { drawingOn, print } from '../output/form.js';
import { planAnswer, planFacts, planWarnings, sampleText } from '../replaying/plan-answer.js';
import { addPlanOptions, type PlanOptions } from '../replaying/plan-options.js';
import { planRuns } from '../replaying/plan-runs.js';
import { type Proposal, propose } from '../replaying/propose.js';
import { startPlanned } from '../replaying/start-planned.js';
import { startRuns } from '../replaying/start-runs.js';
import type { Start } from '../start.js';
import { canAsk, note, write } from '../terminal.js';
import { withRedis } from '../with-redis.js';

interface ReplayStartOptions extends PlanOptions, BulkOptions {
  readonly wait?: true;
}

const HELP = `
Workers carry a run out: it goes on after Ctrl-C and after the death of a worker. Its letters are chosen once; what dies
meanwhile is left alone. Each keeps its event id, gets a fresh signature, waits behind live events, and is sent after
the earlier letters of its call. Without --channel: of all channels, a run for each.

With --wait the exit code is 0 when all were delivered, else 4; 130 after Ctrl-C, while the run goes on.

Examples:
  callpost replay start --id call-17-ended --wait
  callpost replay start --reason http_422 --since 2h --dry-run
  callpost replay start --cause http_422.35wckeasdgsu9 --max-rate 10/s --comment 'assignee created, OPS-12'
  callpost replay start --cause http_422.35wckeasdgsu9 --patch fix.json --comment 'wrong assignee, OPS-12'
  callpost replay start --id call-17-ended --edit
  callpost replay start 20261123-0331-x7k2 --yes`;

export function addReplayStart(replay: Command, start: Start, now: () => number): void {
  const command = replay.command('start').argument('[run-id]', 'a run of replay plan, in place of a filter');
  addBulkOptions(addPlanOptions(command, now), REPLAY)
    .description('send dead letters again')
    .option('--wait', 'follow it to its end')
    .addHelpText('after', HELP)
    .action((runId: string | undefined, options: ReplayStartOptions, command: Command) =>
      start(
        command,
        (context) =>
          runId === undefined ? startChosen(options, context) : startPlanned(runId, options, context),
        'by_itself',
      ),
    );
}

function startChosen(options: ReplayStartOptions, context: Context): Promise<ExitCode> {
  const { dryRun, edit, yes, reveal = false, wait = false } = options;
  const { terminal } = context;
  if (edit && !yes && !dryRun && !canAsk(terminal)) {
    const allowed = '--yes, since there is no terminal to ask at';
    throw new UsageError({ field: '--edit', found: 'nobody who confirms the change', allowed });
  }
  return withRedis(context, 'tool', async (redis) => {
    const proposal = await propose(redis, options, context);
    if (proposal === null) {
      await note(terminal, 'Nothing was changed in the editor. Nothing was replayed.');
      return EXIT.ok;
    }
    const { missing } = proposal.chosen;
    if (dryRun) {
      await print(context, planAnswer(proposal, [], reveal, context));
      return missing.length > 0 ? EXIT.partial : EXIT.ok;
    }
    if (proposal.sample !== null) {
      const changes = sampleText(proposal, reveal, drawingOn(terminal.stderr, context));
      await write(terminal.stderr, `${changes}\n`);
    }
    await confirm(proposal, options, context);
    const exit = await startNew(redis, proposal, wait, context);
    return exit === EXIT.ok && missing.length > 0 ? EXIT.partial : exit;
  });
}

/** A letter edited by hand is always asked about. */
async function confirm(proposal: Proposal, options: ReplayStartOptions, context: Context): Promise<void> {
  const { letters } = proposal.chosen;
  const facts = [...describeLetters(letters, context.now()), ...planFacts(proposal)];
  const warnings = planWarnings(proposal, []);
  const isMeant =
    options.edit && !options.yes
      ? await confirmCount(REPLAY, letters.length, [...facts, ...warnings], context)
      : await mayDo(REPLAY, letters.length, options, facts, context, warnings);
  if (!isMeant) throw new RefusedError('that is not the number; nothing was replayed');
}

async function startNew(
  redis: RedisConnection,
  proposal: Proposal,
  wait: boolean,
  context: Context,
): Promise<ExitCode> {
  const runs = await planRuns(redis, proposal, context);
  return startRuns(redis, runs, { wait, comment: proposal.comment }, context);
}
