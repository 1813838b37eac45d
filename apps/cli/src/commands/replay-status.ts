import type { Command } from 'commander';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { print } from '../output/form.js';
import { runText } from '../replaying/run-text.js';
import { findRun, runDocument, viewOf } from '../replaying/run-view.js';
import type { Start } from '../start.js';
import { withRedis } from '../with-redis.js';

export function addReplayStatus(replay: Command, start: Start): void {
  replay
    .command('status')
    .description('everything about one replay run')
    .argument('<run-id>', 'as replay list shows it')
    .action((runId: string, _: unknown, command: Command) =>
      start(command, (context) => replayStatus(runId, context), 'at_once'),
    );
}

function replayStatus(runId: string, context: Context): Promise<ExitCode> {
  return withRedis(context, 'tool', async (redis) => {
    const view = await viewOf(redis, await findRun(redis, runId, context));
    await print(context, {
      table: (drawing) => runText(view, context.now(), drawing),
      json: runDocument(view),
      ndjson: [runDocument(view)],
    });
    return EXIT.ok;
  });
}
