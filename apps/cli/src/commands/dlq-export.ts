import { countDeadLetters, type DeadLetterFilter, type RedisConnection } from '@callpost/queue';
import type { Command } from 'commander';
import { audit } from '../auditing/audit.js';
import { channelsOf } from '../channels.js';
import { addCommentOption } from '../choosing/bulk-options.js';
import { addChoiceOptions, type ChoiceOptions, choiceOf } from '../choosing/choice-options.js';
import { noteMissing } from '../choosing/choose-letters.js';
import type { Context } from '../context.js';
import { NoMatchError, UsageError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { exportLetters, sumOf } from '../exporting/export-letters.js';
import { filterText } from '../letters/filter-words.js';
import { newestFirst } from '../letters/newest-first.js';
import { counted, countText } from '../output/words.js';
import type { Start } from '../start.js';
import { note } from '../terminal.js';
import { unlessStopped } from '../unless-stopped.js';
import { withRedis } from '../with-redis.js';

interface DlqExportOptions extends ChoiceOptions {
  readonly reveal?: true;
  readonly comment?: string;
}

const HELP = `
NDJSON on stdout, newest first: one letter a line, with every attempt that is on record and the event, masked. Exports
are in the audit trail; --reveal is there before the first letter is written.

Examples:
  callpost dlq export --since 2h > letters.ndjson
  callpost dlq export --cause http_422.35wckeasdgsu9 | jq -r .eventId
  callpost dlq export --all --channel support --reveal --comment 'for the vendor, OPS-12' > letters.ndjson`;

export function addDlqExport(dlq: Command, start: Start, now: () => number): void {
  addCommentOption(addChoiceOptions(dlq.command('export'), now))
    .description('dead letters with all their evidence, as NDJSON')
    .option('--reveal', 'the events with names, numbers, bodies and links, which are personal data')
    .addHelpText('after', HELP)
    .action((options: DlqExportOptions, command: Command) =>
      start(command, (context) => dlqExport(options, context), 'by_itself'),
    );
}

function dlqExport(options: DlqExportOptions, context: Context): Promise<ExitCode> {
  const filter = choiceOf(options);
  const { reveal = false, comment = null } = options;
  if (context.form === 'json') {
    throw new UsageError({ field: '--output', found: 'json', allowed: 'ndjson, which an export always is' });
  }
  return withRedis(context, 'tool', async (redis) => {
    const channels = await channelsOf(redis, context);
    const there = await unlessStopped(countByChannel(redis, channels, filter), context);
    if (there.size === 0) throw new NoMatchError(`no dead letter${filterText(filter)}; nothing was exported`);
    const audited = { filter: { ...filter }, comment };
    if (reveal) await audit(redis, context, { action: 'reveal', ...audited }, named('letters', there));
    const letters = newestFirst(redis, [...there.keys()], filter);
    const { exported, ids, failure } = await exportLetters(letters, { reveal, there }, context);
    const told = audit(redis, context, { action: 'export', ...audited }, named('exported', exported));
    // What broke off the export says more than that the trail could then not be told.
    await told.catch((error: unknown) => Promise.reject(failure === null ? error : failure.error));
    if (failure !== null) throw failure.error;
    if (context.outputClosed.aborted) return EXIT.ok;
    if (context.interrupted.aborted) {
      const extent = `${countText(sumOf(exported))} of ${counted(sumOf(there), 'dead letter')}`;
      await note(context.terminal, `Exported ${extent}.`);
      return EXIT.interrupted;
    }
    const missing = (filter.ids ?? []).filter((id) => !ids.has(id));
    await noteMissing(missing, filter, context.terminal);
    return missing.length > 0 ? EXIT.partial : EXIT.ok;
  });
}

async function countByChannel(
  redis: RedisConnection,
  channels: readonly string[],
  filter: DeadLetterFilter,
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const channel of channels) {
    const count = await countDeadLetters(redis, channel, filter);
    if (count > 0) counts.set(channel, count);
  }
  return counts;
}

function named(name: string, counts: ReadonlyMap<string, number>) {
  return new Map([...counts].map(([channel, count]) => [channel, { [name]: count }]));
}
