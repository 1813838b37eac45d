import type { RedisConnection } from '../redis.js';
import { readEachHome } from '../shards/each-home.js';
import { cursorOf, placeOfCursor } from './cursor.js';
import type { DeadLetter } from './dead-letter.js';
import { type DeadLetterFilter, letterFits } from './dead-letter-filter.js';
import { fittingPlaces } from './fitting-places.js';
import { entryOf } from './letter-entry.js';
import { letterKeys } from './letter-keys.js';
import type { AtHome } from './over-homes.js';
import { readLettersAt } from './read-letters.js';
import { memberOf, type Place } from './scan-newest-first.js';

/** Letters read in one round trip. */
const LETTER_PAGE = 200;

export interface DeadLetterPage {
  readonly letters: readonly DeadLetter[];
  /** Where to go on; null at the end. */
  readonly cursor: string | null;
}

/**
 * A page of the letters of a channel that fit, newest first. Reads only as many letters as it returns: the rest is
 * decided by the index.
 *
 * @param options.cursor of the page before; null for the first
 * @throws RangeError for a cursor that is none
 */
export async function pageDeadLetters(
  redis: RedisConnection,
  channel: string,
  options: { filter: DeadLetterFilter; limit: number; cursor?: string | null },
): Promise<DeadLetterPage> {
  const letters: DeadLetter[] = [];
  const after = options.cursor ? placeOfCursor(options.cursor) : undefined;
  for await (const { letter, place } of placedLetters(redis, channel, options.filter, after)) {
    letters.push(letter);
    if (letters.length === options.limit) return { letters, cursor: cursorOf(place) };
  }
  return { letters, cursor: null };
}

/** All letters of a channel that fit, newest first, read page by page; what dies meanwhile is left out. */
export async function* readDeadLetters(
  redis: RedisConnection,
  channel: string,
  filter: DeadLetterFilter = {},
): AsyncGenerator<DeadLetter> {
  for await (const { letter } of placedLetters(redis, channel, filter, undefined)) yield letter;
}

/**
 * How many letters fit, as far as the index tells, without reading one. Without a filter, one that is just being moved
 * from home to home counts twice.
 */
export async function countDeadLetters(
  redis: RedisConnection,
  channel: string,
  filter: DeadLetterFilter = {},
): Promise<number> {
  if (Object.values(filter).every((value) => value === undefined)) {
    const { ofHome } = await readEachHome(redis, channel, (home) => redis.zcard(letterKeys(home).failed));
    return [...ofHome.values()].reduce((sum, letters) => sum + letters, 0);
  }
  let count = 0;
  if (filter.ids !== undefined) {
    for await (const _ of readDeadLetters(redis, channel, filter)) count += 1;
    return count;
  }
  for await (const page of fittingPlaces(redis, channel, filter, undefined)) count += page.length;
  return count;
}

/**
 * A letter by the id of its event or by its job id: the jobs of plain BullMQ producers have a number for a job id, so
 * for these the letters are searched.
 *
 * @returns null when no letter has that id
 */
export async function findDeadLetter(
  redis: RedisConnection,
  channel: string,
  id: string,
): Promise<DeadLetter | null> {
  for await (const letter of readDeadLetters(redis, channel, { ids: [id] })) return letter;
  return null;
}

interface PlacedLetter {
  readonly letter: DeadLetter;
  readonly place: Place;
}

async function* placedLetters(
  redis: RedisConnection,
  channel: string,
  filter: DeadLetterFilter,
  after: Place | undefined,
): AsyncGenerator<PlacedLetter> {
  for await (const page of fittingPlaces(redis, channel, filter, after)) {
    for (let start = 0; start < page.length; start += LETTER_PAGE) {
      const places = page.slice(start, start + LETTER_PAGE);
      const letters = await readLettersOf(redis, places);
      for (const [index, place] of places.entries()) {
        const letter = letters[index];
        if (letter && letterFits(letter, entryOf(letter), filter)) yield { letter, place };
      }
    }
  }
}

/** In the order of the places; undefined where the letter has left meanwhile. */
async function readLettersOf(
  redis: RedisConnection,
  places: ReadonlyArray<AtHome<Place>>,
): Promise<(DeadLetter | undefined)[]> {
  const homes = [...new Set(places.map(({ home }) => home))];
  const letters = await Promise.all(
    homes.map((home) =>
      readLettersAt(redis, home, places.filter((place) => place.home === home).map(memberOf)),
    ),
  );
  const byId = new Map(letters.flat().map((letter) => [letter.jobId, letter]));
  return places.map(({ member }) => byId.get(member));
}
