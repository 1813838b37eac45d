import { DEFAULT_CHANNEL, type WithheldCallers } from '@callpost/domain';
import { createCallEventQueue } from '@callpost/queue';
import type { Command } from 'commander';
import { oneOf } from '../args/value.js';
import { readProducerConfig } from '../config.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { drawingOn } from '../output/form.js';
import { pairsText } from '../output/table.js';
import { visible, visibleJson } from '../output/visible.js';
import { checkOnly } from '../sending/answer-lines.js';
import { openEvents } from '../sending/event-source.js';
import { type Sent, sendEvents } from '../sending/send-events.js';
import { openSendTracing } from '../sending/send-tracing.js';
import type { Start } from '../start.js';
import { note, write } from '../terminal.js';
import { withRedis } from '../with-redis.js';
import { within } from '../within.js';

interface SendOptions {
  readonly withheld?: WithheldCallers;
  readonly dryRun?: true;
}

const HELP = `
One call event a line, in the JSON of Re:amaze. A line that is refused is told on stderr, and the rest goes on.
To resume, run the same command again: an id that is known already is a duplicate and is not sent twice. A delivered
id is remembered for an hour (the workers' DEDUP_WINDOW_MS); after that its event would be sent again. Workers check again: --withheld
pass needs WITHHELD_CALLERS=pass there too.

Examples:
  callpost send events.ndjson
  callpost send events.ndjson --dry-run
  zcat events.ndjson.gz | callpost send - --channel support -o ndjson > answers.ndjson`;

export function addSend(program: Command, start: Start): void {
  program
    .command('send')
    .description('put call events from a file into the queue')
    .argument('<file>', 'NDJSON, or - for stdin')
    .option(
      '--withheld <what>',
      'events of withheld callers: refuse, or pass (default: WITHHELD_CALLERS, else refuse)',
      oneOf(['refuse', 'pass']),
    )
    .option('--dry-run', 'only check the events; needs no Redis')
    .addHelpText('after', HELP)
    .action((file: string, options: SendOptions, command: Command) =>
      start(command, (context) => send(file, options, context), 'by_itself'),
    );
}

async function send(file: string, options: SendOptions, context: Context): Promise<ExitCode> {
  const withheldCallers = options.withheld ?? readProducerConfig(context.env).withheldCallers;
  const source = await openEvents(file, context.terminal);
  if (source.input === context.terminal.stdin && context.terminal.stdin.isTTY === true) {
    await note(context.terminal, 'Reading call events from the terminal, one a line; Ctrl-D ends.');
  }
  if (options.dryRun)
    return conclude(await sendEvents(source, checkOnly(withheldCallers), context), true, context);
  return withRedis(context, 'producer', async (redis) => {
    const channel = context.channel ?? DEFAULT_CHANNEL;
    const traced = await openSendTracing(context);
    const queue = createCallEventQueue({
      redis,
      channel,
      withheldCallers,
      now: context.now,
      ...traced.options,
    });
    const sent = await sendEvents(source, queue.sendMany, context);
    await traced.close();
    // With Redis gone it would wait for ever.
    await within(queue.close(), 1_000, () => new Error('late')).catch(() => undefined);
    return conclude(sent, false, context);
  });
}

async function conclude({ tally, stop }: Sent, isDryRun: boolean, context: Context): Promise<ExitCode> {
  const { terminal, form } = context;
  if (form === 'json') {
    await write(terminal.stdout, `${visibleJson({ complete: stop === null, ...tally.json() }, 2)}\n`);
  } else {
    await write(terminal.stderr, pairsText(tally.rows(isDryRun), drawingOn(terminal.stderr, context)));
  }
  if (stop !== null) {
    const doing = isDryRun ? 'Checked' : 'Sent';
    const extent = tally.upToLine === 0 ? 'Nothing was sent' : `${doing} up to line ${tally.upToLine}`;
    await note(
      terminal,
      `callpost: ${visible(stop.why)}. ${extent}; run the same command again, ids de-duplicate.`,
    );
    return stop.exit;
  }
  return tally.byStatus.invalid > 0 ? EXIT.partial : EXIT.ok;
}
