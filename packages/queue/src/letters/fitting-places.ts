import type { RedisConnection } from '../redis.js';
import type { Home } from '../shards/layout.js';
import { causeFits, type DeadLetterFilter, entryFits } from './dead-letter-filter.js';
import { healIndex } from './heal-index.js';
import type { LetterEntry } from './letter-entry.js';
import { indexLetters, readEntries } from './letter-index.js';
import { callRange, letterKeys } from './letter-keys.js';
import { type AtHome, homesOfLetters, mergePages } from './over-homes.js';
import { placesOfIds } from './places-of-ids.js';
import { readCauses } from './read-causes.js';
import { readLettersAt } from './read-letters.js';
import {
  comesAfter,
  memberOf,
  newestFirst,
  type Place,
  type ScanRange,
  scanNewestFirst,
} from './scan-newest-first.js';

/** Entries looked at in one round trip. */
const ENTRY_PAGE = 1_000;

export interface FittingPlace extends Place {
  /** Null where only the letter itself can tell. */
  readonly causeId: string | null;
}

/**
 * Where the letters of a channel are that fit as far as the index tells, newest first. Of letters that are named by their
 * ids the index is not asked.
 */
export async function* fittingPlaces(
  redis: RedisConnection,
  channel: string,
  filter: DeadLetterFilter,
  after: Place | undefined,
): AsyncGenerator<AtHome<FittingPlace>[]> {
  const homes = await homesOfLetters(redis, channel);
  const { ids } = filter;
  const named = ids === undefined ? [] : await placesOfIds(redis, homes, ids, after);
  const pagesOf = homes.map((home, index) => {
    const pages =
      ids === undefined ? fittingPlacesAt(redis, home, filter, after) : onePage(named[index] ?? []);
    return [home, pages] as const;
  });
  yield* mergePages(new Map(pagesOf));
}

async function* onePage(places: readonly Place[]): AsyncGenerator<FittingPlace[]> {
  yield places.map((place) => ({ ...place, causeId: null }));
}

/** The same at one home, by its index. */
async function* fittingPlacesAt(
  redis: RedisConnection,
  home: Home,
  filter: DeadLetterFilter,
  after: Place | undefined,
): AsyncGenerator<FittingPlace[]> {
  await healIndex(redis, home);
  const keys = letterKeys(home);
  const all = await readCauses(redis, home);
  const causes = new Set([...all.values()].filter((cause) => causeFits(cause, filter)).map(({ id }) => id));
  const [onlyCause] = causes.size === 1 ? causes : [];
  const range = { sinceScore: filter.sinceMs, untilScore: filter.untilMs, after, pageSize: ENTRY_PAGE };
  const key = onlyCause === undefined ? keys.failed : keys.ofCause(onlyCause);
  const pages =
    filter.thread === undefined
      ? scanNewestFirst(redis, key, range)
      : placesOfCall(redis, home, `thread:${filter.thread}`, range);
  for await (const page of pages) {
    const entries = await entriesOf(redis, home, page.map(memberOf));
    const fitting = page.flatMap((place, index) => {
      const entry = entries[index];
      // A cause that is new since they were read is left to the letter itself to decide.
      const fits =
        entry && (causes.has(entry.causeId) || !all.has(entry.causeId)) && entryFits(entry, filter);
      return fits ? { ...place, causeId: entry.causeId } : [];
    });
    if (fitting.length > 0) yield fitting;
  }
}

/** All at once: a call has few letters. */
async function* placesOfCall(
  redis: RedisConnection,
  home: Home,
  call: string,
  { sinceScore = 0, untilScore = Number.POSITIVE_INFINITY, after }: ScanRange,
): AsyncGenerator<Place[]> {
  const { byCall, failed } = letterKeys(home);
  const members = await redis.zrangebylex(byCall, ...callRange(call));
  if (members.length === 0) return;
  const jobIds = members.map((member) => member.slice(call.length + 1));
  const scores = await redis.zmscore(failed, ...jobIds);
  const places = jobIds.flatMap((member, index) => {
    const score = scores[index] ?? null;
    return score === null ? [] : { member, score: Number(score) };
  });
  yield places
    .filter((place) => place.score >= sinceScore && place.score <= untilScore && comesAfter(place, after))
    .sort(newestFirst);
}

/** The entries of letters; an entry that is missing or unreadable is made anew from its letter. */
async function entriesOf(
  redis: RedisConnection,
  home: Home,
  jobIds: readonly string[],
): Promise<(LetterEntry | null)[]> {
  const entries = await readEntries(redis, home, jobIds);
  const broken = jobIds.filter((_, index) => entries[index] === null);
  if (broken.length === 0) return entries;
  await indexLetters(redis, home, await readLettersAt(redis, home, broken));
  return readEntries(redis, home, jobIds);
}
