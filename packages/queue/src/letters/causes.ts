import type { Cause } from '@callpost/domain';
import type { RedisConnection } from '../redis.js';
import { readEachHome } from '../shards/each-home.js';
import type { Home } from '../shards/layout.js';
import { causeFits, type DeadLetterFilter } from './dead-letter-filter.js';
import { readDeadLetters } from './dead-letters.js';
import { fittingPlaces } from './fitting-places.js';
import { healIndex } from './heal-index.js';
import { letterKeys } from './letter-keys.js';
import { readCauses } from './read-causes.js';

/** Dead letters that failed alike, in numbers. */
export interface CauseSummary {
  readonly cause: Cause;
  readonly count: number;
  /** Unix ms of the first and of the last death. */
  readonly oldestAtMs: number;
  readonly newestAtMs: number;
  /** Job id of the newest letter, to look at one. */
  readonly newestJobId: string;
}

/**
 * The causes of the letters of a channel that fit, the most frequent first. What is asked of causes and times is
 * answered by counting in the index, the rest by its entries; only letters that are named by their ids are read.
 */
export async function summariseCauses(
  redis: RedisConnection,
  channel: string,
  filter: DeadLetterFilter = {},
): Promise<CauseSummary[]> {
  const summaries = isOfCausesAndTimes(filter)
    ? await summariseByCounting(redis, channel, filter)
    : summariseOneByOne(await deathsThatFit(redis, channel, filter));
  return summaries.sort((a, b) => b.count - a.count);
}

function isOfCausesAndTimes({
  causeId: _causeId,
  reason: _reason,
  match: _match,
  sinceMs: _sinceMs,
  untilMs: _untilMs,
  ...others
}: DeadLetterFilter): boolean {
  return Object.values(others).every((value) => value === undefined);
}

/** Each home counts for itself. A letter that is just being moved from home to home counts twice. */
async function summariseByCounting(
  redis: RedisConnection,
  channel: string,
  filter: DeadLetterFilter,
): Promise<CauseSummary[]> {
  const { ofHome } = await readEachHome(redis, channel, (home) => countCausesAt(redis, home, filter));
  const sums = new Map<string, CauseSummary>();
  for (const summary of [...ofHome.values()].flat()) {
    const other = sums.get(summary.cause.id);
    sums.set(summary.cause.id, other === undefined ? summary : sumOf(summary, other));
  }
  return [...sums.values()];
}

function sumOf(one: CauseSummary, other: CauseSummary): CauseSummary {
  return {
    ...(one.newestAtMs > other.newestAtMs ? one : other),
    count: one.count + other.count,
    oldestAtMs: Math.min(one.oldestAtMs, other.oldestAtMs),
  };
}

async function countCausesAt(
  redis: RedisConnection,
  home: Home,
  filter: DeadLetterFilter,
): Promise<CauseSummary[]> {
  await healIndex(redis, home);
  const { ofCause } = letterKeys(home);
  const { sinceMs: since = '-inf', untilMs: until = '+inf' } = filter;
  const causes = [...(await readCauses(redis, home)).values()].filter((cause) => causeFits(cause, filter));
  const transaction = redis.multi();
  for (const { id } of causes) {
    transaction.zcount(ofCause(id), since, until);
    transaction.zrangebyscore(ofCause(id), since, until, 'WITHSCORES', 'LIMIT', 0, 1);
    transaction.zrevrangebyscore(ofCause(id), until, since, 'WITHSCORES', 'LIMIT', 0, 1);
  }
  const replies = ((await transaction.exec()) ?? []).map(([, reply]) => reply);
  return causes.flatMap((cause, index) => {
    const [count, oldest, newest] = replies.slice(3 * index) as [number, string[], string[]];
    const [newestJobId, newestAtMs] = newest;
    if (newestJobId === undefined) return [];
    return { cause, count, oldestAtMs: Number(oldest[1]), newestAtMs: Number(newestAtMs), newestJobId };
  });
}

interface Death {
  readonly cause: Cause;
  readonly jobId: string;
  readonly diedAtMs: number;
}

/** Newest first. */
async function deathsThatFit(
  redis: RedisConnection,
  channel: string,
  filter: DeadLetterFilter,
): Promise<Death[]> {
  const deaths: Death[] = [];
  if (filter.ids !== undefined) {
    for await (const letter of readDeadLetters(redis, channel, filter)) deaths.push(letter);
    return deaths;
  }
  const { ofHome } = await readEachHome(redis, channel, async (home) => {
    // What was just found to be a letter may be of a cause that nobody knew.
    await healIndex(redis, home);
    return readCauses(redis, home);
  });
  const causes = new Map([...ofHome.values()].flatMap((ofOne) => [...ofOne]));
  for await (const page of fittingPlaces(redis, channel, filter, undefined)) {
    for (const { member: jobId, score: diedAtMs, causeId } of page) {
      const cause = causes.get(causeId ?? '');
      if (cause !== undefined) deaths.push({ cause, jobId, diedAtMs });
    }
  }
  return deaths;
}

function summariseOneByOne(deaths: readonly Death[]): CauseSummary[] {
  const summaries = new Map<string, CauseSummary>();
  for (const { cause, jobId, diedAtMs } of deaths) {
    const newer = summaries.get(cause.id) ?? {
      cause,
      count: 0,
      oldestAtMs: diedAtMs,
      newestAtMs: diedAtMs,
      newestJobId: jobId,
    };
    summaries.set(cause.id, { ...newer, count: newer.count + 1, oldestAtMs: diedAtMs });
  }
  return [...summaries.values()];
}
