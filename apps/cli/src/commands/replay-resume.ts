import type { Command } from 'commander';
import { moveRunById } from '../replaying/move-runs.js';
import type { Start } from '../start.js';

export function addReplayResume(replay: Command, start: Start): void {
  replay
    .command('resume')
    .description('go on with a run that was paused, or stopped by its canary')
    .argument('<run-id>', 'as replay list shows it')
    .action((runId: string, _: unknown, command: Command) =>
      start(
        command,
        (context) => moveRunById(runId, { move: 'resume', past: 'Resumed' }, context),
        'by_itself',
      ),
    );
}
