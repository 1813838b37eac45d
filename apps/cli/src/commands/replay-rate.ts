import type { Command } from 'commander';
import { parseRate, RATE_ALLOWED } from '../args/rate.js';
import { argumentOf } from '../args/value.js';
import { addCommentOption } from '../choosing/bulk-options.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { print } from '../output/form.js';
import { changeRate } from '../replaying/change-rate.js';
import { findRun } from '../replaying/run-view.js';
import { rateText } from '../replaying/run-words.js';
import type { Start } from '../start.js';
import { withRedis } from '../with-redis.js';

interface ReplayRateOptions {
  /** Per second. */
  readonly maxRate: number;
  readonly comment?: string;
}

export function addReplayRate(replay: Command, start: Start): void {
  addCommentOption(replay.command('rate'))
    .description('slow a run down, or speed it up, also while it runs')
    .argument('<run-id>', 'as replay list shows it')
    .requiredOption(
      '--max-rate <rate>',
      'letters per second at most, such as 10/s',
      argumentOf(parseRate, RATE_ALLOWED),
    )
    .action((runId: string, options: ReplayRateOptions, command: Command) =>
      start(command, (context) => replayRate(runId, options, context), 'by_itself'),
    );
}

function replayRate(runId: string, options: ReplayRateOptions, context: Context): Promise<ExitCode> {
  const { maxRate, comment = null } = options;
  return withRedis(context, 'tool', async (redis) => {
    const { id, channel } = await findRun(redis, runId, context);
    await changeRate(redis, { channel, runId: id, maxPerSecond: maxRate, comment }, context);
    const document = { run: id, maxPerSecond: maxRate };
    await print(context, {
      table: () => `Run ${id}: at most ${rateText(maxRate)} from now on.\n`,
      json: document,
      ndjson: [document],
    });
    return EXIT.ok;
  });
}
