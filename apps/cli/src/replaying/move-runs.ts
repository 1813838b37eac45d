import { type MoveAnswer, moveRun, type RunMove } from '@callpost/queue';
import { actorOf } from '../auditing/actor.js';
import type { Context } from '../context.js';
import { NoMatchError, RefusedError, StaleError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { print } from '../output/form.js';
import { countText } from '../output/words.js';
import { withRedis } from '../with-redis.js';
import { nextCommands } from './next-commands.js';
import { findRun, type RunView, runDocument, settledOf, viewOf } from './run-view.js';
import { nextText, STATE_WORDS } from './run-words.js';

export interface Verb {
  readonly move: Extract<RunMove, 'pause' | 'resume' | 'cancel'>;
  readonly past: 'Paused' | 'Resumed' | 'Cancelled';
}

export interface MoveOptions {
  readonly comment?: string;
}

/** What `replay pause`, `resume` and `cancel` do: move a run, and say what that means for its letters. */
export function moveRunById(
  runId: string,
  { move, past }: Verb,
  options: MoveOptions,
  context: Context,
): Promise<ExitCode> {
  return withRedis(context, 'tool', async (redis) => {
    const { id, channel } = await findRun(redis, runId, context);
    const by = actorOf(context, options.comment ?? null);
    const answer = await moveRun(redis, { channel, runId: id, move, by, nowMs: context.now() });
    if (answer.status !== 'moved') throw refusedMove(id, move, answer);
    const view = await viewOf(redis, answer.run);
    await print(context, {
      table: (drawing) => `${past} ${id}: ${countsText(view)}.\n${nextText(nextCommands(view), drawing)}`,
      json: runDocument(view),
      ndjson: [runDocument(view)],
    });
    return EXIT.ok;
  });
}

/** Moved stays moved, so a person should know how much that is. */
function countsText(view: RunView): string {
  const { planned, waiting, sent } = view.report;
  const left = view.run.state === 'cancelled' ? 'left dead' : 'not sent yet';
  const sentText = sent === 0 ? '' : `, ${countText(sent)} on their way`;
  return `of ${countText(planned)}, ${countText(settledOf(view))} settled${sentText}, ${countText(waiting)} ${left}`;
}

export function refusedMove(runId: string, move: RunMove, answer: MoveAnswer): Error {
  if (answer.status === 'not_found') return new NoMatchError(`no replay run ${runId}`);
  if (answer.status === 'expired') return new StaleError(expiredText(runId));
  return new RefusedError(`cannot ${move} the run ${runId}: it is ${STATE_WORDS[answer.run.state]}`);
}

export function expiredText(runId: string): string {
  return `the plan ${runId} is out of date: it was not started within seven days, and its letters are forgotten; callpost replay plan makes a new one`;
}
