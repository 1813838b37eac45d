import type { RedisConnection } from '../redis.js';
import { allHomes, type Home, homes, readLayout } from '../shards/layout.js';
import { newestFirst, type Place } from './scan-newest-first.js';

/*
 * The letters of a channel are at its homes, and a letter that is just being moved is at two. Of places with the same job
 * id the first in order counts, and of homes that have the same letter the first.
 */

/** Every home that may hold letters, those first to which letters are moved. */
export async function homesOfLetters(redis: RedisConnection, channel: string): Promise<Home[]> {
  const layout = await readLayout(redis, channel);
  return [...new Set([...homes(channel, layout.shards), ...allHomes(channel, layout)])];
}

export type AtHome<P extends Place> = P & { readonly home: Home };

interface Source<P extends Place> {
  readonly home: Home;
  readonly pages: AsyncGenerator<P[]>;
  /** The page that was read last, and where in it the next place is; undefined at the end. */
  page: readonly P[];
  at: number;
}

/**
 * Places of several homes, each in their order, as one in that order, without repeats. In pages that end where a home has
 * to be asked again, so that of one home it is its own pages, and nothing is read before it is wanted.
 */
export async function* mergePages<P extends Place>(
  pagesOf: ReadonlyMap<Home, AsyncGenerator<P[]>>,
): AsyncGenerator<AtHome<P>[]> {
  let sources: Source<P>[] = [...pagesOf].map(([home, pages]) => ({ home, pages, page: [], at: 0 }));
  const isOneHome = sources.length === 1;
  const given = new Set<string>();
  try {
    for (;;) {
      await Promise.all(sources.map(readOn));
      sources = sources.filter(hasNext);
      if (sources.length === 0) return;
      const page: AtHome<P>[] = [];
      while (sources.every(hasNext)) {
        const place = takeFirst(sources);
        if (!given.has(place.member)) page.push(place);
        if (!isOneHome) given.add(place.member);
      }
      if (page.length > 0) yield page;
    }
  } finally {
    await Promise.all(sources.map(({ pages }) => pages.return(undefined)));
  }
}

const hasNext = <P extends Place>({ page, at }: Source<P>) => at < page.length;

async function readOn<P extends Place>(source: Source<P>): Promise<void> {
  while (!hasNext(source)) {
    const { value, done } = await source.pages.next();
    if (done) return;
    source.page = value;
    source.at = 0;
  }
}

/** Of sources that all have a next place. */
function takeFirst<P extends Place>(sources: readonly Source<P>[]): AtHome<P> {
  const nextOf = ({ page, at }: Source<P>) => page[at] as P;
  const source = sources.reduce((best, other) =>
    newestFirst(nextOf(other), nextOf(best)) < 0 ? other : best,
  );
  const place = nextOf(source);
  source.at += 1;
  return { ...place, home: source.home };
}
