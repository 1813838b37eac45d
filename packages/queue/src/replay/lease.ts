import type { RedisConnection } from '../redis.js';

/**
 * So that one worker at a time carries out a run; when it dies, another one takes over after `durationMs`. It is a
 * fence too: whatever the holder changes of the run, it changes in a script that looks whose the lease is.
 */
export interface Lease {
  /** What the key of the lease holds while it is ours. */
  readonly token: string;
  /** False: somebody has it. Once taken it is renewed by itself, however long the holder is busy. */
  take(): Promise<boolean>;
  /** False: it ran out, and may have been another's since. It is not taken again: what was known is out of date. */
  renew(): Promise<boolean>;
  release(): Promise<void>;
}

/** What the holder wanted to change was not changed, since it is the holder no more. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';

  constructor(key: string) {
    super(`the lease ${key} ran out`);
  }
}

/** KEYS lease. ARGV token, ms. */
const RENEW = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`;

/** KEYS lease. ARGV token. */
const RELEASE = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 0`;

/** @param token who asks; unique to a worker */
export function createLease(
  redis: RedisConnection,
  { key, token, durationMs }: { key: string; token: string; durationMs: number },
): Lease {
  let timer: NodeJS.Timeout | undefined;
  const renew = async () => (await redis.eval(RENEW, 1, key, token, durationMs)) === 1;
  return {
    token,
    async take() {
      if ((await redis.set(key, token, 'PX', durationMs, 'NX')) !== 'OK') return false;
      // That it failed shows when something is changed, or at the next renewal.
      timer = setInterval(() => void renew().catch(() => undefined), durationMs / 3);
      return true;
    },
    renew,
    async release() {
      clearInterval(timer);
      await redis.eval(RELEASE, 1, key, token);
    },
  };
}
