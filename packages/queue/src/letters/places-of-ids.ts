import { jobIdOf } from '../names.js';
import type { RedisConnection } from '../redis.js';
import type { Home } from '../shards/layout.js';
import type { DeadLetter } from './dead-letter.js';
import { letterKeys } from './letter-keys.js';
import { readLettersAt } from './read-letters.js';
import { comesAfter, memberOf, newestFirst, type Place, scanNewestFirst } from './scan-newest-first.js';

/** Letters read in one round trip. */
const LETTER_PAGE = 200;

/**
 * Where letters are that are named by their ids, for each of the homes. Event ids of Callpost's own producers and job ids
 * are found at once; only for an id that is neither at any home all letters are searched, since it may be the event id of
 * another producer's job.
 */
export async function placesOfIds(
  redis: RedisConnection,
  homes: readonly Home[],
  ids: readonly string[],
  after: Place | undefined,
): Promise<Place[][]> {
  const jobIds = [...new Set(ids.flatMap((id) => [jobIdOf(id), id]))];
  const direct = await Promise.all(homes.map((home) => readLettersAt(redis, home, jobIds)));
  const found = new Set(direct.flat().flatMap(({ jobId, eventId }) => [jobId, eventId]));
  const sought = new Set(ids.filter((id) => !found.has(id)));
  const searched = await Promise.all(homes.map((home) => searchByEventId(redis, home, sought)));
  return homes.map((_, index) =>
    [...(direct[index] ?? []), ...(searched[index] ?? [])]
      .map(({ jobId, diedAtMs }) => ({ member: jobId, score: diedAtMs }))
      .sort(newestFirst)
      .filter((place) => comesAfter(place, after)),
  );
}

async function searchByEventId(
  redis: RedisConnection,
  home: Home,
  sought: ReadonlySet<string>,
): Promise<DeadLetter[]> {
  if (sought.size === 0) return [];
  const found: DeadLetter[] = [];
  for await (const page of scanNewestFirst(redis, letterKeys(home).failed, { pageSize: LETTER_PAGE })) {
    const letters = await readLettersAt(redis, home, page.map(memberOf));
    found.push(...letters.filter(({ eventId }) => eventId !== null && sought.has(eventId)));
  }
  return found;
}
