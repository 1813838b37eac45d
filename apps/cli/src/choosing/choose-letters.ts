import type { DeadLetter, DeadLetterFilter, RedisConnection } from '@callpost/queue';
import { NoMatchError } from '../errors.js';
import { filterText } from '../letters/filter-words.js';
import { newestFirst } from '../letters/newest-first.js';
import { visible } from '../output/visible.js';
import { note, type Terminal } from '../terminal.js';

/** What is remembered of a letter that something is to be done to. */
export type ChosenLetter = Pick<
  DeadLetter,
  'channel' | 'jobId' | 'eventId' | 'reason' | 'call' | 'enqueueOrder' | 'diedAtMs' | 'possiblyDelivered'
>;

export interface ChosenLetters {
  /** Oldest event first, and of those enqueued together the first to die, as near to the order of a call as is known. */
  readonly letters: readonly ChosenLetter[];
  /** Ids that were asked for, and that no letter has that fits. */
  readonly missing: readonly string[];
}

/** Collects the letters before any is touched: to what dies from now on, nothing is done. */
export async function chooseLetters(
  redis: RedisConnection,
  channels: readonly string[],
  filter: DeadLetterFilter,
): Promise<ChosenLetters> {
  const letters: ChosenLetter[] = [];
  for await (const letter of newestFirst(redis, channels, filter)) letters.push(remembered(letter));
  letters.sort((a, b) => a.enqueueOrder - b.enqueueOrder || a.diedAtMs - b.diedAtMs);
  const found = new Set(letters.flatMap(({ eventId, jobId }) => [eventId, jobId]));
  return { letters, missing: (filter.ids ?? []).filter((id) => !found.has(id)) };
}

/**
 * @param nothing what was not done, for when no letter is left
 * @throws NoMatchError then
 */
export async function tellMissing(
  { letters, missing }: ChosenLetters,
  filter: DeadLetterFilter,
  nothing: string,
  terminal: Terminal,
): Promise<void> {
  await noteMissing(missing, filter, terminal);
  if (letters.length > 0) return;
  const which = filter.ids === undefined ? filterText(filter) : ' with these ids';
  throw new NoMatchError(`no dead letter${which}; ${nothing}`);
}

export async function noteMissing(
  missing: readonly string[],
  { ids, ...others }: DeadLetterFilter,
  terminal: Terminal,
): Promise<void> {
  for (const id of missing) {
    await note(terminal, `no dead letter${visible(filterText(others))} has the id ${visible(id)}`);
  }
}

/** Without the event: there may be millions. */
function remembered(letter: DeadLetter): ChosenLetter {
  const { channel, jobId, eventId, reason, call, enqueueOrder, diedAtMs, possiblyDelivered } = letter;
  return { channel, jobId, eventId, reason, call, enqueueOrder, diedAtMs, possiblyDelivered };
}
