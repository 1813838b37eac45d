import type { Command } from 'commander';
import { moveRunById } from '../replaying/move-runs.js';
import type { Start } from '../start.js';

export function addReplayPause(replay: Command, start: Start): void {
  replay
    .command('pause')
    .description('send no more letters of a run, until replay resume')
    .argument('<run-id>', 'as replay list shows it')
    .action((runId: string, _: unknown, command: Command) =>
      start(
        command,
        (context) => moveRunById(runId, { move: 'pause', past: 'Paused' }, context),
        'by_itself',
      ),
    );
}
