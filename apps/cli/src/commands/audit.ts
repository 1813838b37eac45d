import { readAudit } from '@callpost/queue';
import type { Command } from 'commander';
import { wholeNumber } from '../args/value.js';
import { AUDIT_COLUMNS } from '../auditing/audit-columns.js';
import type { Context } from '../context.js';
import { NoMatchError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { print } from '../output/form.js';
import { tableText } from '../output/table.js';
import type { Start } from '../start.js';
import { withRedis } from '../with-redis.js';

interface AuditOptions {
  readonly limit: number;
}

const HELP = `
The trail is a Redis stream, callpost:audit, to which entries are only ever added: replay runs started, paused, resumed,
slowed, cancelled and ended; discards, exports, rebuilt indexes, letters dropped because of their age, and personal data
shown with --reveal; channels paused, resumed and released. FILTER says which letters were meant, with absolute times.
Workers log each entry too ("audit").

Examples:
  callpost audit
  callpost audit --channel support --limit 10
  callpost audit --limit 1000 -o ndjson | jq 'select(.action == "discard")'`;

export function addAudit(program: Command, start: Start): void {
  program
    .command('audit')
    .description('who did what to dead letters and channels, newest first')
    .option('--limit <n>', 'at most so many', wholeNumber({ min: 1, max: 100_000 }), 50)
    .addHelpText('after', HELP)
    .action((options: AuditOptions, command: Command) =>
      start(command, (context) => audit(options, context), 'at_once'),
    );
}

/** Of one channel the newest may be anywhere: all are read. What people do to letters is no great number. */
const ALL = Number.MAX_SAFE_INTEGER;

function audit({ limit }: AuditOptions, context: Context): Promise<ExitCode> {
  const { channel } = context;
  return withRedis(context, 'tool', async (redis) => {
    const read = await readAudit(redis, channel === null ? limit : ALL);
    const entries = read.filter((entry) => channel === null || entry.channel === channel).slice(0, limit);
    if (entries.length === 0) {
      throw new NoMatchError(`nothing in the audit trail${channel === null ? '' : ` of channel ${channel}`}`);
    }
    await print(context, {
      table: (drawing) => tableText(AUDIT_COLUMNS, entries, drawing),
      json: { entries },
      ndjson: entries,
    });
    return EXIT.ok;
  });
}
