import { setTimeout as sleep } from 'node:timers/promises';
import { queueName } from '@callpost/queue';
import type { Fault } from '../fault.js';
import { heldByAll } from './redis-faults.js';

/** What a replica that was connected may lack when it takes over. */
const UNREPLICATED_MS = 1_000;
/** More than an acknowledgement takes to be noted, and a replica that is connected to get what there is. */
const SLACK_MS = 200;

/** So long before the master dies its replica gets nothing any more. */
const CUT_OFF_MS = 500;

function sentinelFailover(durability: 'memory' | 'replica'): Fault {
  return {
    name: `sentinel-failover-${durability}`,
    part: 'redis',
    does: `kill -9 of the master that three sentinels watch, half a second after its replica was cut off; sending with durability ${durability}`,
    guarantees:
      durability === 'memory'
        ? 'what was acknowledged while the replica was cut off may be lost; what was delivered then may be repeated'
        : 'nothing acknowledged is lost; what was delivered while the replica was cut off may be repeated',
    needs: { redis: 'sentinel', durability },
    async inject(stage) {
      const { sentinel } = stage;
      if (sentinel === null) throw new Error('this fault is one of sentinels');
      const before = stage.acceptedCount();
      const cutOffAtMs = Date.now();
      await sentinel.cutOffReplica(CUT_OFF_MS);
      await sentinel.failOver(() =>
        stage.broke('master killed', heldByAll(stage) + stage.acceptedCount() - before, {
          mayLoseSinceMs: durability === 'memory' ? cutOffAtMs - SLACK_MS : null,
        }),
      );
      await sentinel.rejoin();
    },
  };
}

export const FAILOVER_FAULTS: readonly Fault[] = [
  sentinelFailover('memory'),
  sentinelFailover('replica'),
  {
    name: 'cluster-failover',
    part: 'redis',
    does: 'kill -9 of the master of one of four channels in a cluster of three masters and three replicas',
    guarantees:
      'only what was acknowledged in the last second may be lost; at most what was in flight is repeated',
    needs: { redis: 'cluster' },
    async inject(stage, random) {
      const key = `bull:${queueName(random.pick(stage.channels))}:meta`;
      await stage.cluster?.failOver(key, () =>
        stage.broke('master killed', heldByAll(stage), { mayLoseSinceMs: Date.now() - UNREPLICATED_MS }),
      );
      await sleep(200);
    },
  },
];
