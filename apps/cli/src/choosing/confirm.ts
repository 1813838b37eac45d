import { createInterface } from 'node:readline/promises';
import type { Context } from '../context.js';
import { InterruptedError, UsageError } from '../errors.js';
import { drawingOn } from '../output/form.js';
import { type Pair, pairsText } from '../output/table.js';
import { counted } from '../output/words.js';
import { canAsk, write } from '../terminal.js';
import type { Doing } from './doing.js';

/**
 * Whether a person wants it done to these letters: typing their number shows that it was read.
 *
 * @param facts what that person should know
 * @throws UsageError where nobody can be asked
 */
export async function confirmCount(
  { infinitive, participle }: Doing,
  count: number,
  facts: readonly Pair[],
  context: Context,
): Promise<boolean> {
  const { terminal, interrupted } = context;
  if (!canAsk(terminal)) throw nobodyToAsk(count, participle);
  await write(terminal.stderr, pairsText(facts, drawingOn(terminal.stderr, context)));
  const question = `Type the number of dead letters to ${infinitive} them: `;
  // Not as a terminal of its own: then Ctrl-C stays a signal, as everywhere else.
  const asker = createInterface({ input: terminal.stdin, output: terminal.stderr, terminal: false });
  const ended = new Promise<string>((resolve) => asker.once('close', () => resolve('')));
  try {
    const answer = await Promise.race([asker.question(question, { signal: interrupted }), ended]);
    return answer.trim().replaceAll(',', '') === String(count);
  } catch (error) {
    throw interrupted.aborted ? new InterruptedError() : error;
  } finally {
    asker.close();
  }
}

function nobodyToAsk(count: number, participle: string): UsageError {
  const why = `${counted(count, 'dead letter')} would be ${participle} and there is no terminal to ask at`;
  return new UsageError({ field: '--yes', found: 'nothing', allowed: `--yes, since ${why}` });
}
