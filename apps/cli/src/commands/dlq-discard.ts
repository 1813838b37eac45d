import type { Command } from 'commander';
import { channelsOf } from '../channels.js';
import { auditChosen, auditDone, auditRevealed } from '../choosing/audit-done.js';
import { addBulkOptions, type BulkOptions, mayDo } from '../choosing/bulk-options.js';
import { addChoiceOptions, type ChoiceOptions, choiceOf } from '../choosing/choice-options.js';
import { chooseLetters, tellMissing } from '../choosing/choose-letters.js';
import { conclude, dryRunAnswer } from '../choosing/conclude.js';
import { describeLetters } from '../choosing/describe-letters.js';
import { DISCARD } from '../choosing/doing.js';
import type { Context } from '../context.js';
import { discardLetters } from '../discarding/discard-letters.js';
import { UsageError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { createExportFile } from '../exporting/export-file.js';
import { print } from '../output/form.js';
import type { Start } from '../start.js';
import { note } from '../terminal.js';
import { unlessStopped } from '../unless-stopped.js';
import { withRedis } from '../with-redis.js';

interface DlqDiscardOptions extends ChoiceOptions, BulkOptions {
  readonly export?: string;
  readonly reveal?: true;
}

const HELP = `
There is no way back: only the export, and what the producer still has. With --export each letter is on the disk before
it is removed. The letters are chosen once; what dies meanwhile, or died again, is left alone. Without --channel: of
all channels.

Examples:
  callpost dlq discard --cause http_422.35wckeasdgsu9 --dry-run
  callpost dlq discard --cause http_422.35wckeasdgsu9 --export gone.ndjson --comment 'test calls, OPS-12'
  callpost dlq discard --id call-17-ended`;

export function addDlqDiscard(dlq: Command, start: Start, now: () => number): void {
  addBulkOptions(addChoiceOptions(dlq.command('discard'), now), DISCARD)
    .description('remove dead letters for good')
    .option('--export <file>', 'write the letters to this new file first, as dlq export does')
    .option('--reveal', 'with --export: the events unmasked, which is personal data')
    .addHelpText('after', HELP)
    .action((options: DlqDiscardOptions, command: Command) =>
      start(command, (context) => dlqDiscard(options, context), 'by_itself'),
    );
}

function dlqDiscard(options: DlqDiscardOptions, context: Context): Promise<ExitCode> {
  const filter = choiceOf(options);
  const { comment = null, reveal = false } = options;
  if (reveal && options.export === undefined) {
    throw new UsageError({ field: '--reveal', found: 'no --export', allowed: '--reveal with --export FILE' });
  }
  return withRedis(context, 'tool', async (redis) => {
    const channels = await channelsOf(redis, context);
    const chosen = await unlessStopped(chooseLetters(redis, channels, filter), context);
    const { letters } = chosen;
    await tellMissing(chosen, filter, 'nothing was discarded', context.terminal);
    if (options.dryRun) {
      await print(context, dryRunAnswer(chosen, DISCARD, context.now()));
      return chosen.missing.length > 0 ? EXIT.partial : EXIT.ok;
    }
    const facts = [
      ...describeLetters(letters, context.now()),
      ['kept in', options.export ?? 'nothing: there is no way back'] as const,
    ];
    if (!(await mayDo(DISCARD, letters.length, options, facts, context))) {
      await note(context.terminal, 'That is not the number. Nothing was discarded.');
      return EXIT.error;
    }
    const file = options.export === undefined ? null : await createExportFile(options.export, reveal);
    const what = { doing: DISCARD, letters, filter, comment };
    // Of what is gone, the trail must know even if this process does not live to its end.
    await auditChosen(redis, what, context);
    if (reveal) await auditRevealed(redis, what, context);
    const discarded = await discardLetters(letters, { redis, filter, file, context });
    await file?.close();
    const audited = await auditDone(redis, what, discarded, context);
    return conclude(chosen, audited, DISCARD, `${GO_ON}${file === null ? '' : NEW_FILE}`, context);
  });
}

const GO_ON = 'the same command goes on with them';
const NEW_FILE = ', given a new file for --export';
