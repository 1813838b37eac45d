import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { type Answer, print } from '../output/form.js';
import { pairsText } from '../output/table.js';
import { counted, countText } from '../output/words.js';
import { note } from '../terminal.js';
import type { ChosenLetter, ChosenLetters } from './choose-letters.js';
import { countsOf, describeLetters } from './describe-letters.js';
import type { Doing, Done, Outcome } from './doing.js';

export function dryRunAnswer({ letters, missing }: ChosenLetters, doing: Doing, nowMs: number): Answer {
  return {
    table: (drawing) => pairsText(describeLetters(letters, nowMs), drawing),
    json: { dryRun: true, chosen: letters.length, ...countsOf(letters), missing },
    ndjson: letters.map((letter) => lineOf(letter, `would_${doing.infinitive}`)),
  };
}

/** A line of the NDJSON form. */
export function lineOf(
  { channel, eventId, jobId }: ChosenLetter,
  outcome: Outcome | `would_${Doing['infinitive']}`,
) {
  return { channel, eventId, jobId, outcome };
}

/**
 * Says what was done and what was not.
 *
 * @param goOn how to go on with letters that are left
 * @throws what broke it off, after that
 */
export async function conclude(
  { letters, missing }: ChosenLetters,
  { outcomes, failure }: Done,
  { participle, unanswered }: Doing,
  goOn: string,
  context: Context,
): Promise<ExitCode> {
  const done = outcomes.count(participle);
  const notDead = outcomes.count('not_dead');
  const left = letters.length - done - notDead;
  const skipped = notDead === 0 ? '' : `; ${countText(notDead)} no longer dead, and left alone`;
  const words = `${capitalised(participle)} ${countText(done)} of ${counted(letters.length, 'dead letter')}${skipped}.`;
  // In the NDJSON form each letter has had its line.
  await print(context, {
    table: () => `${words}\n`,
    json: { dryRun: false, chosen: letters.length, [participle]: done, notDead, left, missing },
    ndjson: [],
  });
  if (context.form === 'ndjson') await note(context.terminal, words);
  if (left > 0)
    await note(context.terminal, `${leftText(left, failure === null ? null : unanswered)}; ${goOn}.`);
  if (failure !== null) throw failure.error;
  if (left > 0) return EXIT.interrupted;
  return notDead + missing.length > 0 ? EXIT.partial : EXIT.ok;
}

function leftText(left: number, unanswered: Doing['unanswered'] | null): string {
  const but = unanswered === null ? '' : `, but perhaps ${unanswered},`;
  const sure = `The other ${countText(left)}${but}`;
  return `${sure} ${left === 1 ? 'is still a dead letter' : 'are still dead letters'}`;
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
