import type { Command } from 'commander';
import type { Context } from '../context.js';
import type { ExitCode } from '../exit-code.js';
import { followRuns } from '../replaying/follow-runs.js';
import { findRun } from '../replaying/run-view.js';
import type { Start } from '../start.js';
import { withRedis } from '../with-redis.js';

const HELP = `
Ctrl-C ends the watching, not the run. Exit code 0 when all letters were delivered, else 4.`;

export function addReplayWatch(replay: Command, start: Start): void {
  replay
    .command('watch')
    .description('follow a replay run to its end')
    .argument('<run-id>', 'as replay list shows it')
    .addHelpText('after', HELP)
    .action((runId: string, _: unknown, command: Command) =>
      start(command, (context) => replayWatch(runId, context), 'by_itself'),
    );
}

function replayWatch(runId: string, context: Context): Promise<ExitCode> {
  return withRedis(context, 'tool', async (redis) =>
    followRuns(redis, [await findRun(redis, runId, context)], context),
  );
}
