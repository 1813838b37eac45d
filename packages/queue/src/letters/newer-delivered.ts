import { laneKeys } from '../lanes/lane-keys.js';
import type { RedisConnection } from '../redis.js';
import { readEachHome } from '../shards/each-home.js';
import { type Home, type Layout, pathOfCall, readLayout } from '../shards/layout.js';
import type { DeadLetter } from './dead-letter.js';
import { callRange, letterKeys } from './letter-keys.js';

/*
 * A letter whose call went on without it: an event that was enqueued after it has been delivered meanwhile. Sent now, it
 * would come out of order.
 */

type Placed = Pick<DeadLetter, 'call' | 'enqueueOrder'>;

const CHUNK = 1_000;

/** How many of the letters have newer events of their call delivered already, at any home that the call may have had. */
export async function countNewerDelivered(
  redis: RedisConnection,
  channel: string,
  letters: readonly Placed[],
): Promise<number> {
  const layout = await readLayout(redis, channel);
  const newer = new Set<Placed>();
  for (const [home, ofHome] of byHome(channel, layout, letters)) {
    for (const letter of await newerDeliveredAt(redis, home, ofHome)) newer.add(letter);
  }
  return newer.size;
}

/** A letter is under each home that its call may have had. No call has the empty text for a key. */
function byHome(channel: string, layout: Layout, letters: readonly Placed[]): Map<Home, Placed[]> {
  const homes = new Map<Home, Placed[]>();
  for (const letter of letters) {
    for (const home of pathOfCall(channel, layout, letter.call ?? '')) {
      const ofHome = homes.get(home) ?? [];
      ofHome.push(letter);
      homes.set(home, ofHome);
    }
  }
  return homes;
}

async function newerDeliveredAt(
  redis: RedisConnection,
  home: Home,
  letters: readonly Placed[],
): Promise<Placed[]> {
  const { deliveredSince } = laneKeys(home);
  if ((await redis.exists(deliveredSince)) === 0) return [];
  const found: Placed[] = [];
  for (let start = 0; start < letters.length; start += CHUNK) {
    const some = letters.slice(start, start + CHUNK);
    const newest = await redis.hmget(deliveredSince, ...some.map(({ call }) => call ?? ''));
    found.push(...some.filter(({ enqueueOrder }, index) => Number(newest[index] ?? 0) > enqueueOrder));
  }
  return found;
}

/** KEYS delivered since, by call, firsts of the lanes. ARGV for each call: call, min, max. */
const FORGET = `
for index = 1, #ARGV, 3 do
  local isOnItsWay = redis.call('HEXISTS', KEYS[3], ARGV[index]) == 1
  if not isOnItsWay and redis.call('ZLEXCOUNT', KEYS[2], ARGV[index + 1], ARGV[index + 2]) == 0 then
    redis.call('HDEL', KEYS[1], ARGV[index])
  end
end
return 0`;

/**
 * Forgets what was delivered of calls that have no dead letter any more. Not while events of the call are on their way:
 * one of them may be a letter that was replayed, and dies again.
 */
export async function forgetCalls(
  redis: RedisConnection,
  home: Home,
  calls: readonly string[],
): Promise<void> {
  if (calls.length === 0) return;
  const { deliveredSince, firsts } = laneKeys(home);
  const ranges = calls.flatMap((call) => [call, ...callRange(call)]);
  await redis.eval(FORGET, 3, deliveredSince, letterKeys(home).byCall, firsts, ...ranges);
}

/** The same for all calls of a channel: of those whose letters were replayed, and what a crash has left. */
export async function sweepCalls(redis: RedisConnection, channel: string): Promise<void> {
  await readEachHome(redis, channel, (home) => sweepHome(redis, home));
}

export async function sweepHome(redis: RedisConnection, home: Home): Promise<void> {
  const { deliveredSince } = laneKeys(home);
  let cursor = '0';
  do {
    const [next, flat] = await redis.hscan(deliveredSince, cursor, 'COUNT', CHUNK);
    await forgetCalls(
      redis,
      home,
      flat.filter((_, index) => index % 2 === 0),
    );
    cursor = next;
  } while (cursor !== '0');
}
