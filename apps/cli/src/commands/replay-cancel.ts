import type { RedisConnection } from '@callpost/queue';
import type { Command } from 'commander';
import { audit } from '../auditing/audit.js';
import type { Context } from '../context.js';
import { moveRunById } from '../replaying/move-runs.js';
import type { RunView } from '../replaying/run-view.js';
import type { Start } from '../start.js';

const HELP = `
Moved stays moved: what was sent already is not taken back. The rest are still dead letters.`;

export function addReplayCancel(replay: Command, start: Start): void {
  replay
    .command('cancel')
    .description('end a run for good, where it stands')
    .argument('<run-id>', 'as replay list shows it')
    .addHelpText('after', HELP)
    .action((runId: string, _: unknown, command: Command) =>
      start(
        command,
        (context) =>
          moveRunById(
            runId,
            {
              move: 'cancel',
              past: 'Cancelled',
              afterwards: (redis, view) => auditCancelled(redis, view, context),
            },
            context,
          ),
        'by_itself',
      ),
    );
}

/** A worker tells the trail only of runs that end by themselves. */
async function auditCancelled(
  redis: RedisConnection,
  { run, report }: RunView,
  context: Context,
): Promise<void> {
  if (run.startedAtMs === null) return;
  const { skipped, ...counts } = report;
  const { id: runId, channel, filter, comment } = run;
  const audited = { action: 'replay_ended', filter, comment, runId } as const;
  await audit(redis, context, audited, new Map([[channel, { ...counts, ...skipped }]]));
}
