import type { Command } from 'commander';
import { wholeNumber } from '../args/value.js';
import { channelsOf } from '../channels.js';
import type { Context } from '../context.js';
import { NoMatchError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { addFilterOptions, type FilterOptions, filterOf } from '../letters/filter-options.js';
import { filterText } from '../letters/filter-words.js';
import { letterColumns } from '../letters/letter-columns.js';
import { letterView } from '../letters/letter-view.js';
import { pageLetters } from '../letters/page-letters.js';
import { print } from '../output/form.js';
import { tableText } from '../output/table.js';
import { countText } from '../output/words.js';
import type { Start } from '../start.js';
import { note } from '../terminal.js';
import { withRedis } from '../with-redis.js';

interface DlqListOptions extends FilterOptions {
  readonly limit: number;
  readonly cursor?: string;
}

const HELP = `
Without --channel: of all channels. DELIVERED is "maybe" for a letter that may have reached Re:amaze all the same.

Examples:
  callpost dlq list
  callpost dlq list --reason http_422 --since 2h
  callpost dlq list --cause http_422.35wckeasdgsu9 --replayed any
  callpost dlq list --status 404 --limit 1000 -o ndjson | jq -r .eventId`;

export function addDlqList(dlq: Command, start: Start, now: () => number): void {
  addFilterOptions(dlq.command('list'), now)
    .description('dead letters, newest first')
    .option('--limit <n>', 'at most so many', wholeNumber({ min: 1, max: 100_000 }), 50)
    .option('--cursor <cursor>', 'go on where the page before ended; of one channel')
    .addHelpText('after', HELP)
    .action((options: DlqListOptions, command: Command) =>
      start(command, (context) => dlqList(options, context), 'at_once'),
    );
}

function dlqList(options: DlqListOptions, context: Context): Promise<ExitCode> {
  const filter = filterOf(options);
  const { limit, cursor: after = null } = options;
  return withRedis(context, 'tool', async (redis) => {
    const channels = await channelsOf(redis, context);
    const page = await pageLetters(redis, channels, { filter, limit, cursor: after });
    const { total, cursor } = page;
    const letters = page.letters.map(letterView);
    if (letters.length === 0) {
      throw new NoMatchError(`no ${after === null ? '' : 'more '}dead letter${filterText(filter)}`);
    }
    await print(context, {
      table: (drawing) => tableText(letterColumns(context.now(), channels.length > 1), letters, drawing),
      json: { showing: letters.length, of: total, cursor, letters },
      ndjson: letters,
    });
    const more = cursor === null ? '--limit for more' : `more: --cursor ${cursor}`;
    if (cursor !== null || (after === null && letters.length < total)) {
      await note(context.terminal, `showing ${countText(letters.length)} of ${countText(total)}; ${more}`);
    }
    return EXIT.ok;
  });
}
