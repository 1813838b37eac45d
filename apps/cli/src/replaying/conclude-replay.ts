import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { type Answer, print } from '../output/form.js';
import { pairsText } from '../output/table.js';
import { counted, countText } from '../output/words.js';
import { note } from '../terminal.js';
import type { ChosenLetters } from './choose-letters.js';
import { countsOf, describeLetters } from './describe-letters.js';
import { lineOf, type Replayed } from './replay-letters.js';

export function dryRunAnswer({ letters, missing }: ChosenLetters, nowMs: number): Answer {
  return {
    table: (drawing) => pairsText(describeLetters(letters, nowMs), drawing),
    json: { dryRun: true, chosen: letters.length, ...countsOf(letters), missing },
    ndjson: letters.map((letter) => lineOf(letter, 'would_replay')),
  };
}

/**
 * Says what was replayed and what was not.
 *
 * @throws what broke the replay off, after that
 */
export async function concludeReplay(
  { letters, missing }: ChosenLetters,
  { replayed, notDead, failure }: Replayed,
  context: Context,
): Promise<ExitCode> {
  const left = letters.length - replayed - notDead;
  const skipped = notDead === 0 ? '' : `; ${countText(notDead)} no longer dead, and left alone`;
  const words = `Replayed ${countText(replayed)} of ${counted(letters.length, 'dead letter')}${skipped}.`;
  // In the NDJSON form each letter has had its line.
  await print(context, {
    table: () => `${words}\n`,
    json: { dryRun: false, chosen: letters.length, replayed, notDead, left, missing },
    ndjson: [],
  });
  if (context.form === 'ndjson') await note(context.terminal, words);
  if (left > 0) await note(context.terminal, leftText(left, failure !== null));
  if (failure !== null) throw failure.error;
  if (left > 0) return EXIT.interrupted;
  return notDead + missing.length > 0 ? EXIT.partial : EXIT.ok;
}

function leftText(left: number, isBroken: boolean): string {
  const sure = isBroken ? `The other ${countText(left)}, but perhaps one,` : `The other ${countText(left)}`;
  return `${sure} ${left === 1 ? 'is still a dead letter' : 'are still dead letters'}; the same command goes on with them.`;
}
