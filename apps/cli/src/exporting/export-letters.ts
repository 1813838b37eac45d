import type { DeadLetter } from '@callpost/queue';
import type { Context } from '../context.js';
import { inPages } from '../letters/in-pages.js';
import { letterDocument } from '../letters/letter-document.js';
import { ndjsonText } from '../output/form.js';
import { createProgress } from '../output/progress.js';
import { countText } from '../output/words.js';
import { write } from '../terminal.js';

export interface Exported {
  /** By channel. */
  readonly exported: ReadonlyMap<string, number>;
  /** Event ids and job ids of the letters. */
  readonly ids: ReadonlySet<string>;
  /** What broke it off; null when it was Ctrl-C, a reader that went away, or nothing. */
  readonly failure: { readonly error: unknown } | null;
}

const LETTERS_AT_ONCE = 100;

export interface ExportOptions {
  readonly reveal: boolean;
  /** How many there are of each channel, as far as is known. */
  readonly there: ReadonlyMap<string, number>;
}

/** Writes the letters to stdout as they are read, one a line. */
export async function exportLetters(
  letters: AsyncIterable<DeadLetter>,
  { reveal, there }: ExportOptions,
  { terminal, interrupted, outputClosed }: Context,
): Promise<Exported> {
  const exported = new Map([...there.keys()].map((channel) => [channel, 0]));
  const total = sumOf(there);
  const ids = new Set<string>();
  let written = 0;
  // Beside lines on the same terminal a bar would only flicker.
  const progress = terminal.stdout.isTTY
    ? null
    : createProgress(terminal, { doing: 'exporting', total, valueText: countText });
  try {
    for await (const page of inPages(letters, LETTERS_AT_ONCE)) {
      if (interrupted.aborted || outputClosed.aborted) break;
      await write(terminal.stdout, ndjsonText(page.map((letter) => letterDocument(letter, reveal))));
      for (const { channel, eventId, jobId } of page) {
        exported.set(channel, (exported.get(channel) ?? 0) + 1);
        ids.add(jobId).add(eventId ?? jobId);
      }
      written += page.length;
      progress?.update(written);
    }
    return { exported, ids, failure: null };
  } catch (error) {
    return { exported, ids, failure: { error } };
  } finally {
    progress?.stop();
  }
}

export function sumOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}
