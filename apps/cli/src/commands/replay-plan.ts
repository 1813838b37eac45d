import type { Command } from 'commander';
import { addCommentOption } from '../choosing/bulk-options.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { print } from '../output/form.js';
import { planAnswer } from '../replaying/plan-answer.js';
import { addPlanOptions, type PlanOptions } from '../replaying/plan-options.js';
import { planRuns } from '../replaying/plan-runs.js';
import { propose } from '../replaying/propose.js';
import type { Start } from '../start.js';
import { note } from '../terminal.js';
import { withRedis } from '../with-redis.js';

const HELP = `
A plan keeps which letters, by their ids, until it is started or cancelled: what dies later is not part of it, and what
is no longer dead then is skipped. Without --channel: of all channels, a run for each.

Examples:
  callpost replay plan --reason http_422 --since 2h --comment 'assignee created, OPS-12'
  callpost replay plan --cause http_422.35wckeasdgsu9 --patch fix.json --canary 20`;

export function addReplayPlan(replay: Command, start: Start, now: () => number): void {
  addCommentOption(addPlanOptions(replay.command('plan'), now))
    .description('choose dead letters to send again, and start later')
    .addHelpText('after', HELP)
    .action((options: PlanOptions, command: Command) =>
      start(command, (context) => replayPlan(options, context), 'by_itself'),
    );
}

function replayPlan(options: PlanOptions, context: Context): Promise<ExitCode> {
  return withRedis(context, 'tool', async (redis) => {
    const proposal = await propose(redis, options, context);
    if (proposal === null) {
      await note(context.terminal, 'Nothing was changed in the editor. Nothing was planned.');
      return EXIT.ok;
    }
    const runs = await planRuns(redis, proposal, context);
    await print(context, planAnswer(proposal, runs, options.reveal === true, context));
    return proposal.chosen.missing.length > 0 ? EXIT.partial : EXIT.ok;
  });
}
