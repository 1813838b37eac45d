import type { Command } from 'commander';
import { addCommentOption } from '../choosing/bulk-options.js';
import { type MoveOptions, moveRunById, type Verb } from '../replaying/move-runs.js';
import type { Start } from '../start.js';

interface Words extends Verb {
  readonly description: string;
  readonly help?: string;
}

const VERBS = {
  pause: {
    move: 'pause',
    past: 'Paused',
    description: 'send no more letters of a run, until replay resume',
  },
  resume: {
    move: 'resume',
    past: 'Resumed',
    description: 'go on with a run that was paused, or stopped by its canary',
  },
  cancel: {
    move: 'cancel',
    past: 'Cancelled',
    description: 'end a run for good, where it stands',
    help: `
Moved stays moved: what was sent already is not taken back. The rest are still dead letters.`,
  },
} as const satisfies Readonly<Record<string, Words>>;

/** `replay pause`, `replay resume`, `replay cancel`. */
export function addReplayMove(replay: Command, start: Start, verb: keyof typeof VERBS): void {
  const { description, help = '', ...move }: Words = VERBS[verb];
  addCommentOption(replay.command(verb))
    .description(description)
    .argument('<run-id>', 'as replay list shows it')
    .addHelpText('after', help)
    .action((runId: string, options: MoveOptions, command: Command) =>
      start(command, (context) => moveRunById(runId, move, options, context), 'by_itself'),
    );
}
