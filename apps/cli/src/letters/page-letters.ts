import {
  countDeadLetters,
  type DeadLetter,
  type DeadLetterFilter,
  pageDeadLetters,
  type RedisConnection,
  readDeadLetters,
} from '@callpost/queue';
import { UsageError } from '../errors.js';

export interface Wanted {
  readonly filter: DeadLetterFilter;
  readonly limit: number;
  /** Of the page before; null for the first. */
  readonly cursor: string | null;
}

export interface LetterPage {
  /** Newest death first. */
  readonly letters: readonly DeadLetter[];
  /** How many fit, on all pages. */
  readonly total: number;
  /** Where to go on; null at the end, and where letters of several channels, or by their ids, are shown. */
  readonly cursor: string | null;
}

/**
 * The newest letters of the channels: as many as are wanted are read of each, and the rest only counted.
 *
 * @throws UsageError for a cursor where there can be none
 */
export async function pageLetters(
  redis: RedisConnection,
  channels: readonly string[],
  wanted: Wanted,
): Promise<LetterPage> {
  const { filter, limit, cursor } = wanted;
  const [channel] = channels;
  if (cursor !== null) checkCursor(channels, filter);
  if (filter.ids !== undefined) return lettersOfIds(redis, channels, wanted);
  const [read, counts] = await Promise.all([
    Promise.all(channels.map((name) => pageOf(redis, name, wanted))),
    Promise.all(channels.map((name) => countDeadLetters(redis, name, filter))),
  ]);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const letters = newest(read.flatMap((page) => page.letters)).slice(0, limit);
  const next = read.length === 1 ? (read[0]?.cursor ?? null) : null;
  if (channel === undefined || next === null) return { letters, total, cursor: null };
  // A page that is full may be the last one all the same.
  const following = await pageOf(redis, channel, { filter, limit: 1, cursor: next });
  return { letters, total, cursor: following.letters.length === 0 ? null : next };
}

/** As many as ids were typed, so they are all read. */
async function lettersOfIds(
  redis: RedisConnection,
  channels: readonly string[],
  { filter, limit }: Wanted,
): Promise<LetterPage> {
  const letters: DeadLetter[] = [];
  for (const channel of channels) {
    for await (const letter of readDeadLetters(redis, channel, filter)) letters.push(letter);
  }
  return { letters: newest(letters).slice(0, limit), total: letters.length, cursor: null };
}

async function pageOf(redis: RedisConnection, channel: string, wanted: Wanted) {
  try {
    return await pageDeadLetters(redis, channel, wanted);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError({
      field: '--cursor',
      found: 'text that is none',
      allowed: 'the cursor that came with the page before',
    });
  }
}

function checkCursor(channels: readonly string[], { ids }: DeadLetterFilter): void {
  if (ids !== undefined) {
    throw new UsageError({ field: '--cursor', found: '--id beside it', allowed: 'a filter without --id' });
  }
  if (channels.length > 1) {
    const found = 'nothing, while --cursor is a place in one channel';
    throw new UsageError({ field: '--channel', found, allowed: `one of ${channels.join(', ')}` });
  }
}

function newest(letters: readonly DeadLetter[]): DeadLetter[] {
  return letters.toSorted((a, b) => b.diedAtMs - a.diedAtMs);
}
