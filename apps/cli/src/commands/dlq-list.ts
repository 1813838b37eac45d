import { countDeadLetters, type DeadLetterFilter, type RedisConnection } from '@callpost/queue';
import type { Command } from 'commander';
import { wholeNumber } from '../args/value.js';
import { channelsOf } from '../channels.js';
import type { Context } from '../context.js';
import { NoMatchError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import {
  addFilterOptions,
  type FilterOptions,
  filterOf,
  filterText,
  isEmptyFilter,
} from '../letters/filter-options.js';
import { letterColumns } from '../letters/letter-columns.js';
import { type LetterView, letterView } from '../letters/letter-view.js';
import { newestFirst } from '../letters/newest-first.js';
import { print } from '../output/form.js';
import { tableText } from '../output/table.js';
import { countText } from '../output/words.js';
import type { Start } from '../start.js';
import { note } from '../terminal.js';
import { withRedis } from '../with-redis.js';

interface DlqListOptions extends FilterOptions {
  readonly limit: number;
}

const HELP = `
Without --channel: of all channels. DELIVERED is "maybe" for a letter that may have reached Re:amaze all the same.

Examples:
  callpost dlq list
  callpost dlq list --reason http_422 --since 2h
  callpost dlq list --status 404 --limit 1000 -o ndjson | jq -r .eventId`;

export function addDlqList(dlq: Command, start: Start, now: () => number): void {
  addFilterOptions(dlq.command('list'), now)
    .description('dead letters, newest first')
    .option('--limit <n>', 'at most so many', wholeNumber({ min: 1, max: 100_000 }), 50)
    .addHelpText('after', HELP)
    .action((options: DlqListOptions, command: Command) =>
      start(command, (context) => dlqList(options, context), 'at_once'),
    );
}

function dlqList(options: DlqListOptions, context: Context): Promise<ExitCode> {
  const filter = filterOf(options);
  return withRedis(context, 'tool', async (redis) => {
    const channels = await channelsOf(redis, context);
    const { letters, total } = await readList(redis, { channels, filter, limit: options.limit });
    if (letters.length === 0) throw new NoMatchError(`no dead letter${filterText(filter)}`);
    await print(context, {
      table: (drawing) => tableText(letterColumns(context.now(), channels.length > 1), letters, drawing),
      json: { showing: letters.length, of: total, letters },
      ndjson: letters,
    });
    if (letters.length < total) {
      const extent = `showing ${countText(letters.length)} of ${countText(total)}`;
      await note(context.terminal, `${extent}; --limit for more`);
    }
    return EXIT.ok;
  });
}

interface Wanted {
  readonly channels: readonly string[];
  readonly filter: DeadLetterFilter;
  readonly limit: number;
}

/** Redis counts all letters at once; those of a filter have to be read to be counted. */
async function readList(
  redis: RedisConnection,
  { channels, filter, limit }: Wanted,
): Promise<{ letters: LetterView[]; total: number }> {
  const letters: LetterView[] = [];
  let matching = 0;
  for await (const letter of newestFirst(redis, channels, filter)) {
    matching += 1;
    if (letters.length < limit) letters.push(letterView(letter));
    else if (isEmptyFilter(filter)) break;
  }
  if (matching <= limit || !isEmptyFilter(filter)) return { letters, total: matching };
  const counts = await Promise.all(channels.map((channel) => countDeadLetters(redis, channel)));
  return { letters, total: counts.reduce((sum, count) => sum + count, 0) };
}
