import type { RedisConnection } from '../redis.js';

/** So that one worker at a time carries out a run; when it dies, another one takes over after this time. */
export interface Lease {
  /** Takes the lease or keeps it. False: another one has it. */
  hold(): Promise<boolean>;
  release(): Promise<void>;
}

/** KEYS lease. ARGV token, ms. */
const HOLD = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`;

/** KEYS lease. ARGV token. */
const RELEASE = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 0`;

/** @param token who asks; unique to a worker */
export function createLease(
  redis: RedisConnection,
  { key, token, durationMs }: { key: string; token: string; durationMs: number },
): Lease {
  return {
    hold: async () => (await redis.eval(HOLD, 1, key, token, durationMs)) === 1,
    async release() {
      await redis.eval(RELEASE, 1, key, token);
    },
  };
}
