import type { Command } from 'commander';
import { wholeNumber } from '../args/value.js';
import { channelsOf } from '../channels.js';
import type { Context } from '../context.js';
import { NoMatchError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { print } from '../output/form.js';
import { tableText } from '../output/table.js';
import { countText } from '../output/words.js';
import { RUN_COLUMNS } from '../replaying/run-columns.js';
import { allRuns, runDocument, viewOf } from '../replaying/run-view.js';
import type { Start } from '../start.js';
import { note } from '../terminal.js';
import { withRedis } from '../with-redis.js';

interface ReplayListOptions {
  readonly limit: number;
}

const HELP = `
Examples:
  callpost replay list
  callpost replay list --channel support -o json | jq '.runs[] | select(.state == "running") | .id'`;

export function addReplayList(replay: Command, start: Start): void {
  replay
    .command('list')
    .description('replay runs, newest first')
    .option('--limit <n>', 'at most so many', wholeNumber({ min: 1, max: 10_000 }), 20)
    .addHelpText('after', HELP)
    .action((options: ReplayListOptions, command: Command) =>
      start(command, (context) => replayList(options, context), 'at_once'),
    );
}

function replayList({ limit }: ReplayListOptions, context: Context): Promise<ExitCode> {
  return withRedis(context, 'tool', async (redis) => {
    const runs = await allRuns(redis, await channelsOf(redis, context));
    if (runs.length === 0) throw new NoMatchError('no replay run yet');
    const views = await Promise.all(runs.slice(0, limit).map((run) => viewOf(redis, run)));
    await print(context, {
      table: (drawing) => tableText(RUN_COLUMNS, views, drawing),
      json: { showing: views.length, of: runs.length, runs: views.map(runDocument) },
      ndjson: views.map(runDocument),
    });
    if (views.length < runs.length) {
      const shown = `${countText(views.length)} of ${countText(runs.length)}`;
      await note(context.terminal, `showing ${shown}; --limit for more`);
    }
    return EXIT.ok;
  });
}
