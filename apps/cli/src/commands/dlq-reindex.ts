import { type RedisConnection, reindexDeadLetters } from '@callpost/queue';
import type { Command } from 'commander';
import { audit } from '../auditing/audit.js';
import { channelsOf } from '../channels.js';
import type { Context } from '../context.js';
import { InterruptedError, NoMatchError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { print } from '../output/form.js';
import { type Column, tableText } from '../output/table.js';
import { countText } from '../output/words.js';
import type { Start } from '../start.js';
import { withRedis } from '../with-redis.js';

interface Reindexed {
  readonly channel: string;
  readonly letters: number;
}

const HELP = `
The index is what letters are found by. It heals itself, so this is for when it is doubted; no letter is touched.

Examples:
  callpost dlq reindex
  callpost dlq reindex --channel support`;

export function addDlqReindex(dlq: Command, start: Start): void {
  dlq
    .command('reindex')
    .description('build the index of dead letters anew')
    .addHelpText('after', HELP)
    .action((_: unknown, command: Command) => start(command, dlqReindex, 'by_itself'));
}

function dlqReindex(context: Context): Promise<ExitCode> {
  return withRedis(context, 'tool', async (redis) => {
    const reindexed: Reindexed[] = [];
    for (const channel of await channelsOf(redis, context)) {
      if (context.interrupted.aborted) throw new InterruptedError();
      reindexed.push(await reindex(redis, channel, context));
    }
    if (reindexed.length === 0) throw new NoMatchError('no channel in this Redis yet');
    await print(context, {
      table: (drawing) => tableText(COLUMNS, reindexed, drawing),
      json: { channels: reindexed },
      ndjson: reindexed,
    });
    return EXIT.ok;
  });
}

async function reindex(redis: RedisConnection, channel: string, context: Context): Promise<Reindexed> {
  const letters = await reindexDeadLetters(redis, channel);
  const audited = { action: 'reindex', filter: {}, comment: null } as const;
  await audit(redis, context, audited, new Map([[channel, { indexed: letters }]]));
  return { channel, letters };
}

const COLUMNS: readonly Column<Reindexed>[] = [
  { header: 'CHANNEL', text: ({ channel }) => channel },
  { header: 'LETTERS', align: 'right', text: ({ letters }) => countText(letters) },
];
