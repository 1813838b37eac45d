import type { Command } from 'commander';
import { parseRate, RATE_ALLOWED } from '../args/rate.js';
import { argumentOf } from '../args/value.js';
import { channelsOf } from '../channels.js';
import type { Context } from '../context.js';
import { NoMatchError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { filterText } from '../letters/filter-options.js';
import { print } from '../output/form.js';
import { visible } from '../output/visible.js';
import { addChoiceOptions, type ChoiceOptions, choiceOf } from '../replaying/choice-options.js';
import { type Choice, type ChosenLetters, chooseLetters } from '../replaying/choose-letters.js';
import { concludeReplay, dryRunAnswer } from '../replaying/conclude-replay.js';
import { confirmReplay } from '../replaying/confirm.js';
import { replayLetters } from '../replaying/replay-letters.js';
import type { Start } from '../start.js';
import { note } from '../terminal.js';
import { unlessStopped } from '../unless-stopped.js';
import { withRedis } from '../with-redis.js';

interface ReplayStartOptions extends ChoiceOptions {
  /** Per second. */
  readonly maxRate: number;
  readonly yes?: true;
  readonly dryRun?: true;
}

const DEFAULT_PER_SECOND = 50;

const HELP = `
The letters are chosen once, before any is sent again; what dies meanwhile is left alone. Each keeps its event id, gets
a fresh signature, and waits behind live events. Without --channel: of all channels.

Examples:
  callpost replay start --id call-17-ended
  callpost replay start --reason http_422 --since 2h --dry-run
  callpost replay start --reason http_422 --since 2h --max-rate 10/s
  callpost replay start --all --channel support --yes`;

export function addReplayStart(replay: Command, start: Start, now: () => number): void {
  addChoiceOptions(replay.command('start'), now)
    .description('send dead letters again')
    .option(
      '--max-rate <rate>',
      'letters per second, such as 10/s',
      argumentOf(parseRate, RATE_ALLOWED),
      DEFAULT_PER_SECOND,
    )
    .option('--yes', 'do not ask before replaying more than one letter')
    .option('--dry-run', 'only say which letters would be replayed')
    .addHelpText('after', HELP)
    .action((options: ReplayStartOptions, command: Command) =>
      start(command, (context) => replayStart(options, context), 'by_itself'),
    );
}

function replayStart(options: ReplayStartOptions, context: Context): Promise<ExitCode> {
  const choice = choiceOf(options);
  return withRedis(context, 'tool', async (redis) => {
    const channels = await channelsOf(redis, context);
    const chosen = await unlessStopped(chooseLetters(redis, channels, choice), context);
    await tellMissing(chosen, choice, context);
    if (options.dryRun) {
      await print(context, dryRunAnswer(chosen, context.now()));
      return chosen.missing.length > 0 ? EXIT.partial : EXIT.ok;
    }
    const isSure = chosen.letters.length === 1 || options.yes === true;
    if (!isSure && !(await confirmReplay(chosen.letters, options.maxRate, context))) {
      await note(context.terminal, 'That is not the number. Nothing was replayed.');
      return EXIT.error;
    }
    const replayed = await replayLetters(chosen.letters, { redis, perSecond: options.maxRate, context });
    return concludeReplay(chosen, replayed, context);
  });
}

/** @throws NoMatchError when no letter is left */
async function tellMissing(chosen: ChosenLetters, choice: Choice, { terminal }: Context): Promise<void> {
  for (const id of chosen.missing) await note(terminal, `no dead letter has the id ${visible(id)}`);
  if (chosen.letters.length > 0) return;
  const which = choice.by === 'filter' ? filterText(choice.filter) : ' with these ids';
  throw new NoMatchError(`no dead letter${which}; nothing was replayed`);
}
