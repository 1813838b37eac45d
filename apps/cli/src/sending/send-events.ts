import { addAbortSignal } from 'node:stream';
import { faultText } from '@callpost/domain';
import { messageOf } from '@callpost/queue';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { ndjsonText } from '../output/form.js';
import { createProgress, type Progress } from '../output/progress.js';
import { visible } from '../output/visible.js';
import { countText } from '../output/words.js';
import { write } from '../terminal.js';
import { type AnsweredLine, answerLines, type LineAnswer, type Take } from './answer-lines.js';
import type { EventSource } from './event-source.js';
import { readLines } from './read-lines.js';
import { Tally } from './tally.js';

export interface Sent {
  readonly tally: Tally;
  /** Why it stopped before the end of the input; null when it did not. */
  readonly stop: { readonly exit: ExitCode; readonly why: string } | null;
}

/** Hands over every event of the source, piece by piece; answers and refusals go out as they come. */
export async function sendEvents(source: EventSource, take: Take, context: Context): Promise<Sent> {
  const { terminal, interrupted } = context;
  const tally = new Tally();
  const progress = createProgress(terminal, progressOptions(source));
  try {
    for await (const { lines, bytesRead } of readLines(addAbortSignal(interrupted, source.input))) {
      const { answered, failure } = await answerLines(lines, take);
      for (const line of answered) tally.add(line);
      await report(answered, progress, context);
      if (failure !== null) return { tally, stop: { exit: EXIT.unreachable, why: whyOf(failure) } };
      progress.update(source.size === null ? tally.upToLine : bytesRead);
    }
    return { tally, stop: null };
  } catch (error) {
    if (interrupted.aborted) return { tally, stop: { exit: EXIT.interrupted, why: 'Interrupted' } };
    return { tally, stop: { exit: EXIT.error, why: messageOf(error) } };
  } finally {
    progress.stop();
    source.input.destroy();
  }
}

async function report(
  answered: readonly AnsweredLine[],
  progress: Progress,
  { terminal, form }: Context,
): Promise<void> {
  for (const { answer } of answered) {
    for (const text of refusalTexts(answer)) await progress.note(visible(text));
  }
  if (form === 'ndjson') await write(terminal.stdout, ndjsonText(answered.map(({ answer }) => answer)));
}

/** `line 12: from.phone: found text that is not E.164; allowed: …`, one for each fault. */
function refusalTexts(answer: LineAnswer): string[] {
  if (answer.status !== 'invalid') return [];
  return answer.faults.map((fault) => `line ${answer.line}: ${faultText(fault)}`);
}

function progressOptions({ size }: EventSource) {
  if (size === null) {
    return { doing: 'sending', total: null, valueText: (line: number) => `line ${countText(line)}` };
  }
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  return { doing: 'sending', total: size, valueText: megabytes };
}

/** The queue's own message tells a program what to do; here the command says it. */
function whyOf(failure: Error): string {
  return messageOf(failure.cause ?? failure);
}
