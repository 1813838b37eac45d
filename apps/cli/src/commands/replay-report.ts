import { eventIdOfJobId, type LetterResult, readResults } from '@callpost/queue';
import type { Command } from 'commander';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { print } from '../output/form.js';
import { reportText } from '../replaying/run-text.js';
import { findRun, reportDocument, viewOf } from '../replaying/run-view.js';
import type { Start } from '../start.js';
import { withRedis } from '../with-redis.js';

const HELP = `
-o ndjson has a line for each letter that was touched: sent, delivered, dead_again, or skipped with why.

Examples:
  callpost replay report 20261123-0331-x7k2 -o json
  callpost replay report 20261123-0331-x7k2 -o ndjson | jq -r 'select(.result == "dead_again") | .eventId'`;

export function addReplayReport(replay: Command, start: Start): void {
  replay
    .command('report')
    .description('what became of the letters of a replay run')
    .argument('<run-id>', 'as replay list shows it')
    .addHelpText('after', HELP)
    .action((runId: string, _: unknown, command: Command) =>
      start(command, (context) => replayReport(runId, context), 'at_once'),
    );
}

function replayReport(runId: string, context: Context): Promise<ExitCode> {
  return withRedis(context, 'tool', async (redis) => {
    const run = await findRun(redis, runId, context);
    const view = await viewOf(redis, run);
    const { id, channel, state } = run;
    const results = context.form === 'ndjson' ? await readResults(redis, channel, id) : new Map();
    await print(context, {
      table: (drawing) => reportText(view, context.now(), drawing),
      json: { run: id, channel, state, ...reportDocument(view) },
      ndjson: [...results].map(([jobId, result]) => ({ run: id, channel, ...lineOf(jobId, result) })),
    });
    return EXIT.ok;
  });
}

function lineOf(jobId: string, result: LetterResult) {
  const [outcome, why = null] = result.split(':');
  return { eventId: eventIdOfJobId(jobId), jobId, result: outcome, why };
}
