import type { Command } from 'commander';
import { channelsOf } from '../channels.js';
import type { Context } from '../context.js';
import { NoMatchError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { causesText } from '../letters/causes-text.js';
import { addFilterOptions, type FilterOptions, filterOf } from '../letters/filter-options.js';
import { filterText } from '../letters/filter-words.js';
import { readCauseViews } from '../letters/read-cause-views.js';
import { print } from '../output/form.js';
import type { Start } from '../start.js';
import { withRedis } from '../with-redis.js';

const HELP = `
RESPONSE is what came back, with what differs from event to event folded: # is a number or an id. The same in two
channels is one cause.

Examples:
  callpost dlq causes
  callpost dlq causes --since 2h
  callpost dlq causes --match 'phone is invalid' -o json | jq -r '.causes[].cause'`;

export function addDlqCauses(dlq: Command, start: Start, now: () => number): void {
  addFilterOptions(dlq.command('causes'), now)
    .description('what dead letters died of, those that failed alike taken together, the most frequent first')
    .addHelpText('after', HELP)
    .action((options: FilterOptions, command: Command) =>
      start(command, (context) => dlqCauses(options, context), 'at_once'),
    );
}

function dlqCauses(options: FilterOptions, context: Context): Promise<ExitCode> {
  const filter = filterOf(options);
  return withRedis(context, 'tool', async (redis) => {
    const channels = await channelsOf(redis, context);
    const causes = await readCauseViews(redis, channels, filter);
    if (causes.length === 0) throw new NoMatchError(`no dead letter${filterText(filter)}`);
    const shown = { nowMs: context.now(), hasChannels: channels.length > 1 };
    await print(context, {
      table: (drawing) => causesText(causes, shown, drawing),
      json: { letters: causes.reduce((sum, { count }) => sum + count, 0), causes },
      ndjson: causes,
    });
    return EXIT.ok;
  });
}
