import {
  createDiscarder,
  type DeadLetter,
  type DeadLetterFilter,
  type Discarder,
  type RedisConnection,
  readDeadLetters,
} from '@callpost/queue';
import type { ChosenLetter } from '../choosing/choose-letters.js';
import { lineOf } from '../choosing/conclude.js';
import { DISCARD, type Done, type Outcome } from '../choosing/doing.js';
import { createOutcomes } from '../choosing/outcomes.js';
import type { Context } from '../context.js';
import type { ExportFile } from '../exporting/export-file.js';
import { inPages } from '../letters/in-pages.js';
import { ndjsonText } from '../output/form.js';
import { createProgress } from '../output/progress.js';
import { visible } from '../output/visible.js';
import { countText } from '../output/words.js';
import { write } from '../terminal.js';
import { within } from '../within.js';

export interface DiscardOptions {
  readonly redis: RedisConnection;
  /** The one that the letters were chosen by. */
  readonly filter: DeadLetterFilter;
  /** Where letters are written before they are removed. */
  readonly file: ExportFile | null;
  readonly context: Context;
}

/** Letters kept, and then removed, in one go. */
const LETTERS_AT_ONCE = 100;

/**
 * Removes the letters for good. Each is read once more before: what died anew since it was chosen is another letter,
 * that nobody has seen.
 */
export async function discardLetters(
  letters: readonly ChosenLetter[],
  { redis, filter, file, context }: DiscardOptions,
): Promise<Done> {
  const { terminal, form, interrupted } = context;
  const outcomes = createOutcomes<Outcome>();
  const progress = createProgress(terminal, {
    doing: DISCARD.continuous,
    total: letters.length,
    valueText: countText,
  });
  const settle = async (settled: readonly ChosenLetter[], outcome: Outcome) => {
    for (const letter of settled) {
      outcomes.add(letter.channel, outcome);
      if (outcome === 'not_dead')
        await progress.note(`no longer dead: ${visible(letter.eventId ?? letter.jobId)}`);
    }
    progress.update(outcomes.count('discarded') + outcomes.count('not_dead'));
    if (form === 'ndjson') {
      await write(terminal.stdout, ndjsonText(settled.map((letter) => lineOf(letter, outcome))));
    }
  };
  try {
    for (const channel of new Set(letters.map((letter) => letter.channel))) {
      const left = new Map(letters.filter((letter) => letter.channel === channel).map(byDeath));
      const discarder = createDiscarder({ redis, channel });
      try {
        for await (const read of inPages(readDeadLetters(redis, channel, filter), LETTERS_AT_ONCE)) {
          if (interrupted.aborted) return { outcomes, failure: null };
          const page = read.filter((letter) => left.delete(deathOf(letter)));
          await file?.append(page);
          await discardPage(page, discarder, settle);
        }
      } finally {
        // With Redis gone it would wait for ever.
        await within(discarder.close(), 1_000, () => new Error('late')).catch(() => undefined);
      }
      await settle([...left.values()], 'not_dead');
    }
    return { outcomes, failure: null };
  } catch (error) {
    return { outcomes, failure: { error } };
  } finally {
    progress.stop();
  }
}

/** @throws what the first that failed, failed of, after all have ended */
async function discardPage(
  page: readonly DeadLetter[],
  discarder: Discarder,
  settle: (settled: readonly ChosenLetter[], outcome: Outcome) => Promise<void>,
): Promise<void> {
  const answers = await Promise.allSettled(
    page.map(({ jobId, diedAtMs }) => discarder.discard(jobId, diedAtMs)),
  );
  const answered = (outcome: Outcome) =>
    page.filter((_, index) => {
      const answer = answers[index];
      return answer?.status === 'fulfilled' && answer.value === outcome;
    });
  await settle(answered('discarded'), 'discarded');
  await settle(answered('not_dead'), 'not_dead');
  const failed = answers.find((answer) => answer.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

function byDeath(letter: ChosenLetter): [string, ChosenLetter] {
  return [deathOf(letter), letter];
}

function deathOf({ jobId, diedAtMs }: ChosenLetter): string {
  return `${diedAtMs} ${jobId}`;
}
