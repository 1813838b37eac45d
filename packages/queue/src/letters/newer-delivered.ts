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
  const { deliveredSince } = letterKeys(channel);
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

/** KEYS delivered since, by call. ARGV call, min, max, and so on. */
const SWEEP = `
for index = 1, #ARGV, 3 do
  if redis.call('ZLEXCOUNT', KEYS[2], ARGV[index + 1], ARGV[index + 2]) == 0 then
    redis.call('HDEL', KEYS[1], ARGV[index])
  end
end
return 0`;

/** Forgets what was delivered of calls that have no dead letter any more, where a crash has left it. */
export async function sweepCalls(redis: RedisConnection, channel: string): Promise<void> {
  const { deliveredSince, byCall } = letterKeys(channel);
  let cursor = '0';
  do {
    const [next, flat] = await redis.hscan(deliveredSince, cursor, 'COUNT', CHUNK);
    const calls = flat.filter((_, index) => index % 2 === 0);
    if (calls.length > 0) {
      await redis.eval(
        SWEEP,
        2,
        deliveredSince,
        byCall,
        ...calls.flatMap((call) => [call, ...callRange(call)]),
      );
    }
    cursor = next;
  } while (cursor !== '0');
}
