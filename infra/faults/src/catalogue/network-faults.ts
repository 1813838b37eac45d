import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../fault.js';
import { heldByAll } from './redis-faults.js';

/** Between workers and Redis. */
export const NETWORK_FAULTS: readonly Fault[] = [
  {
    name: 'redis-net-delay',
    part: 'redis',
    does: 'the network between workers and Redis delays everything by 50 ms',
    guarantees: 'no repetition',
    async inject({ redisProxy }) {
      redisProxy.trouble({ delayMs: 50 });
      await sleep(1_200);
      redisProxy.trouble({});
    },
  },
  {
    name: 'redis-net-cut',
    part: 'redis',
    does: 'all connections between workers and Redis are cut, five times',
    guarantees: 'no repetition',
    async inject({ redisProxy }) {
      for (let time = 0; time < 5; time += 1) {
        redisProxy.cut();
        await sleep(200);
      }
    },
  },
  {
    name: 'redis-net-half-close',
    part: 'redis',
    does: 'all connections to Redis end in the direction of the worker and stay open in the other, three times',
    guarantees: 'no repetition',
    async inject({ redisProxy }) {
      for (let time = 0; time < 3; time += 1) {
        redisProxy.halfClose();
        await sleep(400);
      }
    },
  },
  {
    name: 'redis-net-replies-lost',
    part: 'redis',
    does: 'commands of the workers reach Redis, its replies do not, for a second; then the connections are cut',
    guarantees: 'at most what was in flight is repeated',
    async inject(stage) {
      stage.broke('replies of Redis swallowed', heldByAll(stage));
      stage.redisProxy.trouble({ dropReplies: true });
      await sleep(1_000);
      stage.redisProxy.trouble({});
    },
  },
  {
    name: 'redis-net-silent',
    part: 'redis',
    does: 'a firewall forgets the connections of the workers: nothing passes any more and nobody is told',
    guarantees: 'at most what was in flight is repeated; new connections after 20 s',
    isLong: true,
    async inject(stage) {
      stage.broke('connections to Redis forgotten', heldByAll(stage));
      stage.redisProxy.forget();
      while (stage.redisProxy.forgotten() > 0) await sleep(100);
    },
  },
];
