import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 20;

/**
 * The value of `check` once it neither throws, rejects nor returns false; or its last error after `timeoutMs`. Waiting
 * for a condition, never for a time, is what keeps a test from being a matter of luck.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  timeoutMs = 20_000,
): Promise<Exclude<T, false>> {
  const deadlineMs = Date.now() + timeoutMs;
  for (;;) {
    try {
      const value = await check();
      if (value !== false) return value as Exclude<T, false>;
      throw new Error(`not so: ${check}`);
    } catch (error) {
      if (Date.now() > deadlineMs) throw error;
    }
    await sleep(POLL_MS);
  }
}
