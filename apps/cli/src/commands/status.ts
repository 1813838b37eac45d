import { setTimeout as sleep } from 'node:timers/promises';
import { type RedisConnection, readChannelStatus } from '@callpost/queue';
import type { Command } from 'commander';
import { wholeNumber } from '../args/value.js';
import { readChannelViews } from '../braking/channel-view.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { print } from '../output/form.js';
import type { Start } from '../start.js';
import { statusAnswer } from '../status/status-answer.js';
import { type StatusRow, statusRow } from '../status/status-row.js';
import { write } from '../terminal.js';
import { withRedis } from '../with-redis.js';

interface StatusOptions {
  /** Seconds. */
  readonly watch?: number;
}

const HELP = `
waiting    taken as soon as a worker is free
in flight  being posted now
retrying   failed, and waiting for the next attempt
parked     waiting for an earlier event of the same call
dead       no longer attempted: callpost dlq list

STATE is flowing unless the channel is slowed down or stopped: callpost channel list says why.

Examples:
  callpost status
  callpost status --channel support --watch 5
  callpost status -o json | jq '.channels[] | select(.dead > 0)'`;

export function addStatus(program: Command, start: Start): void {
  program
    .command('status')
    .description('how many events each channel has, where they are, and how old the oldest is')
    .option(
      '--watch <seconds>',
      'again every so many seconds, until Ctrl-C',
      wholeNumber({ min: 1, max: 3_600 }),
    )
    .addHelpText('after', HELP)
    .action((options: StatusOptions, command: Command) =>
      start(command, (context) => status(options, context), 'at_once'),
    );
}

function status({ watch }: StatusOptions, context: Context): Promise<ExitCode> {
  return withRedis(context, 'tool', async (redis) => {
    for (;;) {
      const answer = statusAnswer(await readRows(redis, context));
      if (watch !== undefined) await clearScreen(context);
      await print(context, answer);
      if (watch === undefined) return EXIT.ok;
      await sleep(watch * 1_000);
    }
  });
}

async function readRows(redis: RedisConnection, context: Context): Promise<StatusRow[]> {
  const views = await readChannelViews(redis, context);
  return Promise.all(
    views.map(async ({ channel, state }) =>
      statusRow(await readChannelStatus(redis, channel), state, context.now()),
    ),
  );
}

async function clearScreen({ terminal: { stdout }, form }: Context): Promise<void> {
  if (form === 'table' && stdout.isTTY === true) await write(stdout, '\x1b[H\x1b[2J');
}
