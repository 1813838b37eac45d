import type { RedisConnection } from '../redis.js';
import { allHomes, type Home, readLayout } from '../shards/layout.js';
import { type Lease, LeaseLostError } from './lease.js';
import { runKeys } from './run.js';

/** Longer than anybody carries out a run at a stretch; whoever does all the same takes it over from himself. */
const FENCE_MS = 86_400_000;

/**
 * The lease of a run is at the channel's own queue; the script that prepares a letter elsewhere cannot look at it. So
 * whoever holds the lease leaves its token at each of the other homes, before it looks at anything there: then whoever
 * held it before changes nothing there any more.
 */
export interface Fence {
  /**
   * Puts it up wherever it is not yet.
   *
   * @throws LeaseLostError when the lease was lost meanwhile
   */
  raise(): Promise<void>;
}

export function createFence(
  redis: RedisConnection,
  { channel, id: runId }: { readonly channel: string; readonly id: string },
  lease: Lease,
): Fence {
  const raised = new Set<Home>([channel]);
  return {
    async raise() {
      const layout = await readLayout(redis, channel);
      const open = allHomes(channel, layout).filter((home) => !raised.has(home));
      if (open.length === 0) return;
      await Promise.all(
        open.map((home) => redis.set(runKeys(home, runId).lease, lease.token, 'PX', FENCE_MS)),
      );
      // Only now it is certain that no later holder's was replaced.
      if (!(await lease.renew())) throw new LeaseLostError(runKeys(channel, runId).lease);
      for (const home of open) raised.add(home);
    },
  };
}
