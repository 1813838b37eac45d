import type { RedisConnection } from '../redis.js';

/** A place in a sorted set, from which reading goes on whatever has left or come meanwhile. */
export interface Place {
  readonly score: number;
  readonly member: string;
}

export function memberOf({ member }: Place): string {
  return member;
}

export interface ScanRange {
  readonly sinceScore?: number | undefined;
  readonly untilScore?: number | undefined;
  /** Only what comes after this. */
  readonly after?: Place | undefined;
  readonly pageSize: number;
}

/**
 * The members of a sorted set from the highest score down, in pages. Not by rank: a member that leaves while others are
 * read would make one of them be skipped.
 */
export async function* scanNewestFirst(
  redis: RedisConnection,
  key: string,
  { sinceScore, untilScore, after, pageSize }: ScanRange,
): AsyncGenerator<Place[]> {
  let place = after;
  let size = pageSize;
  for (;;) {
    const highest = Math.min(
      untilScore ?? Number.POSITIVE_INFINITY,
      place?.score ?? Number.POSITIVE_INFINITY,
    );
    const from = Number.isFinite(highest) ? highest : '+inf';
    const flat = await redis.zrevrangebyscore(
      key,
      from,
      sinceScore ?? '-inf',
      'WITHSCORES',
      'LIMIT',
      0,
      size,
    );
    const page = placesOf(flat).filter((one) => comesAfter(one, place));
    if (page.length > 0) yield page;
    if (flat.length < 2 * size) return;
    // All of a page may have one score, and have been seen: then only a longer page gets further.
    size = page.length === 0 ? size * 2 : pageSize;
    place = page.at(-1) ?? place;
  }
}

/** Whether a place is further down than another; Redis orders members of one score by their bytes. */
export function comesAfter(one: Place, place: Place | undefined): boolean {
  return place === undefined || newestFirst(place, one) < 0;
}

export function newestFirst(one: Place, other: Place): number {
  return other.score - one.score || Buffer.compare(Buffer.from(other.member), Buffer.from(one.member));
}

function placesOf(flat: readonly string[]): Place[] {
  const places: Place[] = [];
  for (let index = 0; index < flat.length; index += 2) {
    places.push({ member: flat[index] ?? '', score: Number(flat[index + 1]) });
  }
  return places;
}
