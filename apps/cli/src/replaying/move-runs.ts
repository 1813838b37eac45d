import { type MoveAnswer, moveRun, type RedisConnection, type RunMove } from '@callpost/queue';
import type { Context } from '../context.js';
import { NoMatchError, RefusedError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { print } from '../output/form.js';
import { countText } from '../output/words.js';
import { withRedis } from '../with-redis.js';
import { nextCommands } from './next-commands.js';
import { findRun, type RunView, runDocument, settledOf, viewOf } from './run-view.js';
import { nextText, STATE_WORDS } from './run-words.js';

interface Verb {
  readonly move: Extract<RunMove, 'pause' | 'resume' | 'cancel'>;
  readonly past: 'Paused' | 'Resumed' | 'Cancelled';
  /** After it was done, while there is the connection. */
  readonly afterwards?: (redis: RedisConnection, view: RunView) => Promise<void>;
}

/** What `replay pause`, `resume` and `cancel` do: move a run, and say what that means for its letters. */
export function moveRunById(
  runId: string,
  { move, past, afterwards }: Verb,
  context: Context,
): Promise<ExitCode> {
  return withRedis(context, 'tool', async (redis) => {
    const { id, channel } = await findRun(redis, runId, context);
    const answer = await moveRun(redis, { channel, runId: id, move, nowMs: context.now() });
    if (answer.status !== 'moved') throw refusedMove(id, move, answer);
    const view = await viewOf(redis, answer.run);
    await afterwards?.(redis, view);
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
  return new RefusedError(`cannot ${move} the run ${runId}: it is ${STATE_WORDS[answer.run.state]}`);
}
