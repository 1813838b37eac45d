import { jobIdOf } from '../names.js';
import type { RedisConnection } from '../redis.js';
import type { DeadLetter } from './dead-letter.js';
import { causeFits, type DeadLetterFilter, entryFits } from './dead-letter-filter.js';
import { healIndex } from './heal-index.js';
import type { LetterEntry } from './letter-entry.js';
import { indexLetters, readEntries } from './letter-index.js';
import { callRange, letterKeys } from './letter-keys.js';
import { readCauses } from './read-causes.js';
import { readLetters } from './read-letters.js';
import {
  comesAfter,
  memberOf,
  newestFirst,
  type Place,
  type ScanRange,
  scanNewestFirst,
} from './scan-newest-first.js';

/** Entries looked at in one round trip, and letters where there is no entry to go by. */
const ENTRY_PAGE = 1_000;
const LETTER_PAGE = 200;

export interface FittingPlace extends Place {
  readonly causeId: string;
}

/** Where the letters are that fit as far as the index tells, newest first. */
export async function* fittingPlaces(
  redis: RedisConnection,
  channel: string,
  filter: DeadLetterFilter,
  after: Place | undefined,
): AsyncGenerator<FittingPlace[]> {
  await healIndex(redis, channel);
  const keys = letterKeys(channel);
  const all = await readCauses(redis, channel);
  const causes = new Set([...all.values()].filter((cause) => causeFits(cause, filter)).map(({ id }) => id));
  const [onlyCause] = causes.size === 1 ? causes : [];
  const range = { sinceScore: filter.sinceMs, untilScore: filter.untilMs, after, pageSize: ENTRY_PAGE };
  const key = onlyCause === undefined ? keys.failed : keys.ofCause(onlyCause);
  const pages =
    filter.thread === undefined
      ? scanNewestFirst(redis, key, range)
      : placesOfCall(redis, channel, `thread:${filter.thread}`, range);
  for await (const page of pages) {
    const entries = await entriesOf(redis, channel, page.map(memberOf));
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
  channel: string,
  call: string,
  { sinceScore = 0, untilScore = Number.POSITIVE_INFINITY, after }: ScanRange,
): AsyncGenerator<Place[]> {
  const { byCall, failed } = letterKeys(channel);
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
  channel: string,
  jobIds: readonly string[],
): Promise<(LetterEntry | null)[]> {
  const entries = await readEntries(redis, channel, jobIds);
  const broken = jobIds.filter((_, index) => entries[index] === null);
  if (broken.length === 0) return entries;
  await indexLetters(redis, channel, await readLetters(redis, channel, broken));
  return readEntries(redis, channel, jobIds);
}

/**
 * Event ids of Callpost's own producers and job ids are found at once; only for an id that is neither all letters are
 * searched, since it may be the event id of another producer's job.
 */
export async function* placesOfIds(
  redis: RedisConnection,
  channel: string,
  ids: readonly string[],
  after: Place | undefined,
): AsyncGenerator<Place[]> {
  const direct = await readLetters(redis, channel, [...new Set(ids.flatMap((id) => [jobIdOf(id), id]))]);
  const found = new Set(direct.flatMap(({ jobId, eventId }) => [jobId, eventId]));
  const searched = await searchByEventId(redis, channel, new Set(ids.filter((id) => !found.has(id))));
  const places = [...direct, ...searched].map(({ jobId, diedAtMs }) => ({ member: jobId, score: diedAtMs }));
  yield places.sort(newestFirst).filter((place) => comesAfter(place, after));
}

async function searchByEventId(
  redis: RedisConnection,
  channel: string,
  sought: ReadonlySet<string>,
): Promise<DeadLetter[]> {
  if (sought.size === 0) return [];
  const found: DeadLetter[] = [];
  for await (const page of scanNewestFirst(redis, letterKeys(channel).failed, { pageSize: LETTER_PAGE })) {
    const letters = await readLetters(redis, channel, page.map(memberOf));
    found.push(...letters.filter(({ eventId }) => eventId !== null && sought.has(eventId)));
  }
  return found;
}
