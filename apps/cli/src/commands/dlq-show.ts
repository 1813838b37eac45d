import type { Command } from 'commander';
import { audit } from '../auditing/audit.js';
import { channelsOf } from '../channels.js';
import { addCommentOption } from '../choosing/bulk-options.js';
import type { Context } from '../context.js';
import { NoMatchError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { findLetter } from '../letters/find-letter.js';
import { letterDocument } from '../letters/letter-document.js';
import { letterText } from '../letters/letter-text.js';
import { print } from '../output/form.js';
import type { Start } from '../start.js';
import { note } from '../terminal.js';
import { withRedis } from '../with-redis.js';

interface DlqShowOptions {
  readonly reveal?: true;
  readonly comment?: string;
}

const HELP = `
Examples:
  callpost dlq show call-17-ended
  callpost dlq show call-17-ended --reveal -o json | jq .event`;

export function addDlqShow(dlq: Command, start: Start): void {
  addCommentOption(dlq.command('show'), ' --reveal, for the audit trail')
    .description('everything about one dead letter')
    .argument('<id>', 'the id of its event, or its job id')
    .option('--reveal', 'the event with names, numbers, body and links, which are personal data')
    .addHelpText('after', HELP)
    .action((id: string, options: DlqShowOptions, command: Command) =>
      start(command, (context) => dlqShow(id, options, context), 'at_once'),
    );
}

function dlqShow(id: string, options: DlqShowOptions, context: Context): Promise<ExitCode> {
  const { reveal = false, comment = null } = options;
  return withRedis(context, 'tool', async (redis) => {
    const letter = await findLetter(redis, await channelsOf(redis, context), id);
    if (letter === null) throw new NoMatchError(`no dead letter has the id ${id}`);
    const document = letterDocument(letter, reveal);
    const shown = { letter, event: document.event, isMasked: !reveal };
    if (reveal) {
      const audited = { action: 'reveal', filter: { ids: [letter.jobId] }, comment } as const;
      await audit(redis, context, audited, new Map([[letter.channel, { letters: 1 }]]));
      await note(context.terminal, REVEALED);
    }
    await print(context, {
      table: (drawing) => letterText(shown, context.now(), drawing),
      json: document,
      ndjson: [document],
    });
    return EXIT.ok;
  });
}

const REVEALED = 'This shows personal data; that you looked is in the audit trail (callpost audit).';
