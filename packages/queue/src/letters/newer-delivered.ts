import { laneKeys } from '../lanes/lane-keys.js';
import type { RedisConnection } from '../redis.js';
import type { DeadLetter } from './dead-letter.js';
import { callRange, letterKeys } from './letter-keys.js';

/*
 * A letter whose call went on without it: an event that was enqueued after it has been delivered meanwhile. Sent now, it
 * would come out of order.
 */

type Placed = Pick<DeadLetter, 'call' | 'enqueueOrder'>;

const CHUNK = 1_000;

/** How many of the letters have newer events of their call delivered already. */
export async function countNewerDelivered(
  redis: RedisConnection,
  channel: string,
  letters: readonly Placed[],
): Promise<number> {
  const { deliveredSince } = laneKeys(channel);
  if ((await redis.exists(deliveredSince)) === 0) return 0;
  let count = 0;
  for (let start = 0; start < letters.length; start += CHUNK) {
    const some = letters.slice(start, start + CHUNK);
    // No call has the empty text for a key.
    const newest = await redis.hmget(deliveredSince, ...some.map(({ call }) => call ?? ''));
    count += some.filter(({ enqueueOrder }, index) => Number(newest[index] ?? 0) > enqueueOrder).length;
  }
  return count;
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
  channel: string,
  calls: readonly string[],
): Promise<void> {
  if (calls.length === 0) return;
  const { deliveredSince, firsts } = laneKeys(channel);
  const ranges = calls.flatMap((call) => [call, ...callRange(call)]);
  await redis.eval(FORGET, 3, deliveredSince, letterKeys(channel).byCall, firsts, ...ranges);
}

/** The same for all calls: of those whose letters were replayed, and what a crash has left. */
export async function sweepCalls(redis: RedisConnection, channel: string): Promise<void> {
  const { deliveredSince } = laneKeys(channel);
  let cursor = '0';
  do {
    const [next, flat] = await redis.hscan(deliveredSince, cursor, 'COUNT', CHUNK);
    await forgetCalls(
      redis,
      channel,
      flat.filter((_, index) => index % 2 === 0),
    );
    cursor = next;
  } while (cursor !== '0');
}
