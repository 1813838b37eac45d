import { healIndex } from '../letters/heal-index.js';
import { letterKeys } from '../letters/letter-keys.js';
import { sweepHome } from '../letters/newer-delivered.js';
import { memberOf, scanNewestFirst } from '../letters/scan-newest-first.js';
import { queueKey } from '../names.js';
import type { RedisConnection } from '../redis.js';
import { createLease } from '../replay/lease.js';
import { allHomes, type Home, homeOfCall, homes, type Layout } from './layout.js';
import { type Moved, moveLetters } from './move-letters.js';

/** Letters moved in one step, so that a script keeps nobody waiting for long. */
const STEP = 200;
/** How long a worker that died keeps the others from it. */
const LEASE_MS = 10_000;
/** Entries of the index looked at in one round trip. */
const ENTRY_PAGE = 1_000;

/**
 * Where a letter is to be. One that does not say of which call it is stays where it is, if that is a home; otherwise it
 * goes where plain BullMQ producers would put it.
 */
export function homeOfLetter(channel: string, layout: Layout, from: Home, call: string | null): Home {
  if (call !== null) return homeOfCall(channel, layout.shards, call);
  return isInUse(channel, layout, from) ? from : channel;
}

/**
 * Moves the dead letters of a channel to where the events of their calls go now, see `move-letters.ts`: from all homes that
 * are no more, and from others those whose call is at home elsewhere. Afterwards homes of before keep of their calls only
 * what is still on its way.
 *
 * Whoever does the same at a time, or died in the middle of it, does no harm: {@link bringHomeAlone} only saves workers
 * the work of others.
 *
 * @param mayGoOn asked before each step
 */
export async function bringHome(
  redis: RedisConnection,
  channel: string,
  layout: Layout,
  mayGoOn: () => Promise<boolean> = async () => true,
): Promise<Moved> {
  const total = { moved: 0, held: 0 };
  const all = allHomes(channel, layout);
  if (all.length === 1) return total;
  for (const home of all) {
    for await (const jobIds of strayLetters(redis, channel, layout, home)) {
      if (!(await mayGoOn())) return total;
      const move = { from: home, generation: layout.generation };
      const { moved, held } = await moveLetters(redis, move, jobIds, (call) => targetOf(home, call));
      total.moved += moved;
      total.held += held;
    }
  }
  for (const home of new Set(layout.former.flatMap((count) => homes(channel, count)))) {
    await sweepHome(redis, home);
  }
  return total;

  function targetOf(home: Home, call: string | null): Home {
    return homeOfLetter(channel, layout, home, call);
  }
}

/**
 * The same by one worker at a time; null: another one is at it.
 *
 * @param token unique to a worker
 */
export async function bringHomeAlone(
  redis: RedisConnection,
  channel: string,
  layout: Layout,
  token: string,
): Promise<Moved | null> {
  const key = queueKey(channel, 'callpost:bringing');
  const lease = createLease(redis, { key, token, durationMs: LEASE_MS });
  if (!(await lease.take())) return null;
  try {
    return await bringHome(redis, channel, layout, lease.renew);
  } finally {
    await lease.release();
  }
}

/** Whether {@link bringHome} has something to do, now or as soon as calls have left where they were. */
export async function hasStrayLetters(
  redis: RedisConnection,
  channel: string,
  layout: Layout,
): Promise<boolean> {
  const all = allHomes(channel, layout);
  if (all.length === 1) return false;
  for (const home of all) {
    for await (const _ of strayLetters(redis, channel, layout, home)) return true;
  }
  return false;
}

/** Where letters of no call may stay. */
function isInUse(channel: string, { shards }: Layout, home: Home): boolean {
  return home === channel || homes(channel, shards).includes(home);
}

/** Job ids in pages: of a home that is none any more all, of others as the index tells. */
async function* strayLetters(
  redis: RedisConnection,
  channel: string,
  layout: Layout,
  home: Home,
): AsyncGenerator<string[]> {
  if (isInUse(channel, layout, home)) {
    yield* straysByIndex(redis, home, (call) => homeOfCall(channel, layout.shards, call) !== home);
    return;
  }
  const pages = scanNewestFirst(redis, letterKeys(home).failed, { pageSize: STEP });
  for await (const page of pages) yield page.map(memberOf);
}

async function* straysByIndex(
  redis: RedisConnection,
  home: Home,
  isStray: (call: string) => boolean,
): AsyncGenerator<string[]> {
  await healIndex(redis, home);
  const { byCall } = letterKeys(home);
  // Letters of no call come before, and stay.
  let after = '[\u0001';
  let strays: string[] = [];
  for (;;) {
    const members = await redis.zrangebylex(byCall, after, '+', 'LIMIT', 0, ENTRY_PAGE);
    for (const member of members) {
      const end = member.indexOf('\0');
      if (isStray(member.slice(0, end))) strays.push(member.slice(end + 1));
      if (strays.length === STEP) {
        yield strays;
        strays = [];
      }
    }
    if (members.length < ENTRY_PAGE) break;
    after = `(${members.at(-1)}`;
  }
  if (strays.length > 0) yield strays;
}
