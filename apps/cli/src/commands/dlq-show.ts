import type { DeadLetter } from '@callpost/queue';
import type { Command } from 'commander';
import { channelsOf } from '../channels.js';
import type { Context } from '../context.js';
import { NoMatchError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { findLetter } from '../letters/find-letter.js';
import { letterText } from '../letters/letter-text.js';
import { letterView } from '../letters/letter-view.js';
import { maskedEvent } from '../letters/shown-event.js';
import { print } from '../output/form.js';
import type { Start } from '../start.js';
import { note } from '../terminal.js';
import { withRedis } from '../with-redis.js';

interface DlqShowOptions {
  readonly reveal?: true;
}

const HELP = `
Examples:
  callpost dlq show call-17-ended
  callpost dlq show call-17-ended --reveal -o json | jq .event`;

export function addDlqShow(dlq: Command, start: Start): void {
  dlq
    .command('show')
    .description('everything about one dead letter')
    .argument('<id>', 'the id of its event, or its job id')
    .option('--reveal', 'the event with names, numbers, body and links, which are personal data')
    .addHelpText('after', HELP)
    .action((id: string, options: DlqShowOptions, command: Command) =>
      start(command, (context) => dlqShow(id, options, context), 'at_once'),
    );
}

function dlqShow(id: string, options: DlqShowOptions, context: Context): Promise<ExitCode> {
  const reveal = options.reveal === true;
  return withRedis(context, 'tool', async (redis) => {
    const letter = await findLetter(redis, await channelsOf(redis, context), id);
    if (letter === null) throw new NoMatchError(`no dead letter has the id ${id}`);
    const shown = { letter, event: reveal ? letter.event : maskedEvent(letter), isMasked: !reveal };
    const document = letterDocument(shown.event, letter);
    if (reveal) await note(context.terminal, REVEALED);
    await print(context, {
      table: (drawing) => letterText(shown, context.now(), drawing),
      json: document,
      ndjson: [document],
    });
    return EXIT.ok;
  });
}

const REVEALED = 'This shows personal data. No audit trail records it yet: note down who looked, and why.';

function letterDocument(event: unknown, letter: DeadLetter) {
  return { ...letterView(letter), history: letter.attempts, event };
}
