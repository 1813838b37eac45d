import { createInterface } from 'node:readline/promises';
import type { Context } from '../context.js';
import { InterruptedError, UsageError } from '../errors.js';
import { drawingOn } from '../output/form.js';
import { pairsText } from '../output/table.js';
import { ageText, counted, countText } from '../output/words.js';
import { canAsk, write } from '../terminal.js';
import type { ChosenLetter } from './choose-letters.js';
import { describeLetters } from './describe-letters.js';

/**
 * Whether a person wants these letters replayed: typing their number shows that it was read.
 *
 * @throws UsageError where nobody can be asked
 */
export async function confirmReplay(
  letters: readonly ChosenLetter[],
  perSecond: number,
  context: Context,
): Promise<boolean> {
  const { terminal, interrupted, now } = context;
  if (!canAsk(terminal)) throw nobodyToAsk(letters.length);
  const takes = `at least ${ageText((letters.length / perSecond) * 1_000)}, with ${countText(perSecond)} per second`;
  const facts = [...describeLetters(letters, now()), ['takes', takes] as const];
  await write(terminal.stderr, pairsText(facts, drawingOn(terminal.stderr, context)));
  // Not as a terminal of its own: then Ctrl-C stays a signal, as everywhere else.
  const asker = createInterface({ input: terminal.stdin, output: terminal.stderr, terminal: false });
  const ended = new Promise<string>((resolve) => asker.once('close', () => resolve('')));
  try {
    const answer = await Promise.race([asker.question(QUESTION, { signal: interrupted }), ended]);
    return answer.trim().replaceAll(',', '') === String(letters.length);
  } catch (error) {
    throw interrupted.aborted ? new InterruptedError() : error;
  } finally {
    asker.close();
  }
}

const QUESTION = 'Type the number of dead letters to replay them: ';

function nobodyToAsk(count: number): UsageError {
  const why = `${counted(count, 'dead letter')} would be replayed and there is no terminal to ask at`;
  return new UsageError({ field: '--yes', found: 'nothing', allowed: `--yes, since ${why}` });
}
