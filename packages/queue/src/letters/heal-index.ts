import type { RedisConnection } from '../redis.js';
import { readEachHome } from '../shards/each-home.js';
import type { Home } from '../shards/layout.js';
import { indexLetters, unindexLetters } from './letter-index.js';
import { letterKeys } from './letter-keys.js';
import { sweepHome } from './newer-delivered.js';
import { readCauses } from './read-causes.js';
import { readLettersAt } from './read-letters.js';
import { memberOf, scanNewestFirst } from './scan-newest-first.js';

const PAGE = 1_000;

/** An entry without a letter that is younger may be of a letter that is dying right now. */
const DYING_MS = 60_000;

/**
 * Brings the index in line with the failed set. While all counts agree that is all it looks at, so it is called before
 * every reading that relies on the index; what is missing or left over is found inside Redis and put right; and when the
 * index contradicts itself, it is made anew.
 */
export async function healIndex(redis: RedisConnection, home: Home): Promise<void> {
  const keys = letterKeys(home);
  const [letters, indexed, ...others] = await counts(redis, home);
  if (others.some((count) => count !== indexed)) return void (await reindexHome(redis, home));
  if (letters === indexed) return;
  const missing = await redis.zdiff(2, [keys.failed, keys.indexed]);
  await indexByIds(redis, home, missing);
  const leftOver = await redis.zdiff(2, keys.indexed, keys.failed, 'WITHSCORES');
  const [nowSeconds] = await redis.time();
  const settledBeforeMs = Number(nowSeconds) * 1_000 - DYING_MS;
  const settled = leftOver.filter(
    (_, index) => index % 2 === 0 && Number(leftOver[index + 1]) < settledBeforeMs,
  );
  if (settled.length > 0) await unindexLetters(redis, home, settled);
}

/**
 * Makes the index of a channel anew from the letters.
 *
 * @returns how many letters there are
 */
export async function reindexDeadLetters(redis: RedisConnection, channel: string): Promise<number> {
  const { ofHome } = await readEachHome(redis, channel, (home) => reindexHome(redis, home));
  return [...ofHome.values()].reduce((sum, count) => sum + count, 0);
}

async function reindexHome(redis: RedisConnection, home: Home): Promise<number> {
  const keys = letterKeys(home);
  await redis.del(keys.indexed, keys.entries, keys.causes, keys.byCall);
  const begun = new Set<string>();
  let count = 0;
  for await (const page of scanNewestFirst(redis, keys.failed, { pageSize: PAGE })) {
    const letters = await readLettersAt(redis, home, page.map(memberOf));
    const newCauses = [...new Set(letters.map(({ cause }) => cause.id))].filter((id) => !begun.has(id));
    // Whatever is still in the set of a cause is left over, even if the cause itself had been forgotten.
    for (const causeId of newCauses) begun.add(causeId);
    if (newCauses.length > 0) await redis.del(...newCauses.map(keys.ofCause));
    await indexLetters(redis, home, letters);
    count += letters.length;
  }
  await sweepHome(redis, home);
  return count;
}

async function indexByIds(redis: RedisConnection, home: Home, jobIds: readonly string[]): Promise<void> {
  for (let start = 0; start < jobIds.length; start += PAGE) {
    await indexLetters(redis, home, await readLettersAt(redis, home, jobIds.slice(start, start + PAGE)));
  }
}

/** Letters, those indexed, their entries, those by call, and the sum over all causes. */
async function counts(redis: RedisConnection, home: Home): Promise<[number, number, number, number, number]> {
  const keys = letterKeys(home);
  const causeIds = [...(await readCauses(redis, home)).keys()];
  const transaction = redis
    .multi()
    .zcard(keys.failed)
    .zcard(keys.indexed)
    .hlen(keys.entries)
    .zcard(keys.byCall);
  for (const causeId of causeIds) transaction.zcard(keys.ofCause(causeId));
  const replies = ((await transaction.exec()) ?? []).map(([, reply]) => Number(reply));
  const [letters = 0, indexed = 0, entries = 0, byCall = 0, ...ofCauses] = replies;
  return [letters, indexed, entries, byCall, ofCauses.reduce((sum, count) => sum + count, 0)];
}
