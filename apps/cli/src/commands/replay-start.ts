import type { Command } from 'commander';
import { parseRate, RATE_ALLOWED } from '../args/rate.js';
import { argumentOf } from '../args/value.js';
import { channelsOf } from '../channels.js';
import { auditDone } from '../choosing/audit-done.js';
import { addBulkOptions, type BulkOptions, mayDo } from '../choosing/bulk-options.js';
import { addChoiceOptions, type ChoiceOptions, choiceOf } from '../choosing/choice-options.js';
import { chooseLetters, tellMissing } from '../choosing/choose-letters.js';
import { conclude, dryRunAnswer } from '../choosing/conclude.js';
import { REPLAY } from '../choosing/doing.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { print } from '../output/form.js';
import { ageText, countText } from '../output/words.js';
import { replayLetters } from '../replaying/replay-letters.js';
import type { Start } from '../start.js';
import { note } from '../terminal.js';
import { unlessStopped } from '../unless-stopped.js';
import { withRedis } from '../with-redis.js';

interface ReplayStartOptions extends ChoiceOptions, BulkOptions {
  /** Per second. */
  readonly maxRate: number;
}

const DEFAULT_PER_SECOND = 50;

const HELP = `
The letters are chosen once, before any is sent again; what dies meanwhile is left alone. Each keeps its event id, gets
a fresh signature, and waits behind live events. Without --channel: of all channels.

Examples:
  callpost replay start --id call-17-ended
  callpost replay start --reason http_422 --since 2h --dry-run
  callpost replay start --cause http_422.35wckeasdgsu9 --max-rate 10/s --comment 'assignee created, OPS-12'
  callpost replay start --all --channel support --yes --comment 'secret rotated'`;

export function addReplayStart(replay: Command, start: Start, now: () => number): void {
  addBulkOptions(addChoiceOptions(replay.command('start'), now), REPLAY)
    .description('send dead letters again')
    .option(
      '--max-rate <rate>',
      'letters per second, such as 10/s',
      argumentOf(parseRate, RATE_ALLOWED),
      DEFAULT_PER_SECOND,
    )
    .addHelpText('after', HELP)
    .action((options: ReplayStartOptions, command: Command) =>
      start(command, (context) => replayStart(options, context), 'by_itself'),
    );
}

function replayStart(options: ReplayStartOptions, context: Context): Promise<ExitCode> {
  const filter = choiceOf(options);
  const { comment = null, maxRate: perSecond } = options;
  return withRedis(context, 'tool', async (redis) => {
    const channels = await channelsOf(redis, context);
    const chosen = await unlessStopped(chooseLetters(redis, channels, filter), context);
    const { letters } = chosen;
    await tellMissing(chosen, filter, 'nothing was replayed', context.terminal);
    if (options.dryRun) {
      await print(context, dryRunAnswer(chosen, REPLAY, context.now()));
      return chosen.missing.length > 0 ? EXIT.partial : EXIT.ok;
    }
    const takes = `at least ${ageText((letters.length / perSecond) * 1_000)}, with ${countText(perSecond)} per second`;
    if (!(await mayDo(REPLAY, letters, options, [['takes', takes]], context))) {
      await note(context.terminal, 'That is not the number. Nothing was replayed.');
      return EXIT.error;
    }
    const replayed = await replayLetters(letters, { redis, perSecond, context });
    const audited = await auditDone(redis, { doing: REPLAY, letters, filter, comment }, replayed, context);
    return conclude(chosen, audited, REPLAY, 'the same command goes on with them', context);
  });
}
