import type { DeadLetter, DeadLetterFilter, RedisConnection } from '@callpost/queue';
import { findLetter } from '../letters/find-letter.js';
import { newestFirst } from '../letters/newest-first.js';

/** Which letters a replay is about: some by their ids, or those a filter fits, which for the empty one is all. */
export type Choice =
  | { readonly by: 'ids'; readonly ids: readonly string[] }
  | { readonly by: 'filter'; readonly filter: DeadLetterFilter };

/** What a replay remembers of a letter. */
export type ChosenLetter = Pick<
  DeadLetter,
  'channel' | 'jobId' | 'eventId' | 'reason' | 'enqueuedAtMs' | 'diedAtMs' | 'possiblyDelivered'
>;

export interface ChosenLetters {
  /** Oldest event first, and of those enqueued together the first to die, as near to the order of a call as is known. */
  readonly letters: readonly ChosenLetter[];
  /** Ids that no dead letter has. */
  readonly missing: readonly string[];
}

/** Collects the letters before any is touched: what dies from now on is not replayed with them. */
export async function chooseLetters(
  redis: RedisConnection,
  channels: readonly string[],
  choice: Choice,
): Promise<ChosenLetters> {
  const chosen = new Map<string, ChosenLetter>();
  const missing: string[] = [];
  const choose = (letter: DeadLetter) => chosen.set(`${letter.channel} ${letter.jobId}`, remembered(letter));
  if (choice.by === 'filter') {
    for await (const letter of newestFirst(redis, channels, choice.filter)) choose(letter);
  } else {
    for (const id of choice.ids) {
      const letter = await findLetter(redis, channels, id);
      if (letter === null) missing.push(id);
      else choose(letter);
    }
  }
  const letters = [...chosen.values()].sort(
    (a, b) => a.enqueuedAtMs - b.enqueuedAtMs || a.diedAtMs - b.diedAtMs,
  );
  return { letters, missing };
}

/** Without the event: there may be millions. */
function remembered(letter: DeadLetter): ChosenLetter {
  const { channel, jobId, eventId, reason, enqueuedAtMs, diedAtMs, possiblyDelivered } = letter;
  return { channel, jobId, eventId, reason, enqueuedAtMs, diedAtMs, possiblyDelivered };
}
