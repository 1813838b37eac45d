import { setRunRate } from '@callpost/queue';
import type { Command } from 'commander';
import { parseRate, RATE_ALLOWED } from '../args/rate.js';
import { argumentOf } from '../args/value.js';
import type { Context } from '../context.js';
import { RefusedError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { print } from '../output/form.js';
import { findRun } from '../replaying/run-view.js';
import { rateText, STATE_WORDS } from '../replaying/run-words.js';
import type { Start } from '../start.js';
import { withRedis } from '../with-redis.js';

interface ReplayRateOptions {
  /** Per second. */
  readonly maxRate: number;
}

export function addReplayRate(replay: Command, start: Start): void {
  replay
    .command('rate')
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

function replayRate(runId: string, { maxRate }: ReplayRateOptions, context: Context): Promise<ExitCode> {
  return withRedis(context, 'tool', async (redis) => {
    const { id, channel, state } = await findRun(redis, runId, context);
    if (state === 'done' || state === 'cancelled') {
      throw new RefusedError(`cannot change the rate of the run ${id}: it is ${STATE_WORDS[state]}`);
    }
    await setRunRate(redis, { channel, runId: id, maxPerSecond: maxRate });
    const document = { run: id, maxPerSecond: maxRate };
    await print(context, {
      table: () => `Run ${id}: at most ${rateText(maxRate)} from now on.\n`,
      json: document,
      ndjson: [document],
    });
    return EXIT.ok;
  });
}
