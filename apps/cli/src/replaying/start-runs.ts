import { moveRun, type RedisConnection, type ReplayRun } from '@callpost/queue';
import { actorOf } from '../auditing/actor.js';
import type { Context } from '../context.js';
import { InterruptedError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { print } from '../output/form.js';
import { counted } from '../output/words.js';
import { note } from '../terminal.js';
import { followRuns } from './follow-runs.js';
import { refusedMove } from './move-runs.js';
import { nextCommands } from './next-commands.js';
import { runDocument, viewOf } from './run-view.js';
import { durationText, nextText, rateText } from './run-words.js';

export interface StartOptions {
  /** Follow the runs to their end. */
  readonly wait: boolean;
  /** For the audit trail, where the plan has none. */
  readonly comment: string | null;
}

/** Hands planned runs to the workers. */
export async function startRuns(
  redis: RedisConnection,
  planned: readonly ReplayRun[],
  { wait, comment }: StartOptions,
  context: Context,
): Promise<ExitCode> {
  if (context.interrupted.aborted) {
    for (const { id } of planned) await note(context.terminal, `Run ${id} is planned, and was not started.`);
    throw new InterruptedError();
  }
  const runs: ReplayRun[] = [];
  for (const { channel, id } of planned) {
    const by = actorOf(context, comment);
    const answer = await moveRun(redis, { channel, runId: id, move: 'start', by, nowMs: context.now() });
    if (answer.status !== 'moved') throw refusedMove(id, 'start', answer);
    runs.push(answer.run);
  }
  if (wait) {
    for (const run of runs) await note(context.terminal, startedText(run));
    return followRuns(redis, runs, context);
  }
  const views = await Promise.all(runs.map((run) => viewOf(redis, run)));
  await print(context, {
    table: (drawing) =>
      `${runs.map((run) => `${startedText(run)}\n`).join('')}${nextText(views.flatMap(nextCommands), drawing)}`,
    json: { runs: views.map(runDocument) },
    ndjson: views.map(runDocument),
  });
  return EXIT.ok;
}

/** `Run 20261123-0331-x7k2 of channel default started: 101 dead letters, at least 3s with 50 per second.` */
function startedText({
  id,
  channel,
  count,
  newerDelivered,
  onCallConflict,
  maxPerSecond,
}: ReplayRun): string {
  const sent = onCallConflict === 'continue' ? count : count - newerDelivered;
  const takes = `at least ${durationText(sent, maxPerSecond)} with ${rateText(maxPerSecond)}`;
  return `Run ${id} of channel ${channel} started: ${counted(count, 'dead letter')}, ${takes}.`;
}
