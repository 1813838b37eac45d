import { readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestRedis } from '@callpost/testkit';
import type { Fault } from '../fault.js';
import { NOTED_WITHIN_MS } from '../ledger/check-ledger.js';
import { type Stage, WORKER } from '../stage.js';

/** Ms: more than two samples of the size of the AOF lie apart, and more than an acknowledgement takes to be noted. */
const SLACK_MS = 200;
const SAMPLE_MS = 20;
/** What `appendfsync everysec` means: this much may be in memory only. */
const UNSYNCED_MS = 1_000;

export const REDIS_FAULTS: readonly Fault[] = [
  killed('redis-kill-always', 'always'),
  killed('redis-kill-everysec', 'everysec'),
  {
    name: 'redis-power-cut-everysec',
    part: 'redis',
    does: 'kill -9 of Redis, whose AOF then lacks what it got in its last second, as after a power cut',
    guarantees:
      'of what was acknowledged, only that of the last second may be lost; what it forgot may be repeated',
    needs: { redis: 'everysec' },
    async inject(stage) {
      const redis = serverOf(stage);
      const file = aofOf(redis);
      const samples: { atMs: number; size: number; accepted: number }[] = [];
      const untilMs = Date.now() + UNSYNCED_MS + 300;
      while (Date.now() < untilMs) {
        samples.push({ atMs: Date.now(), size: statSync(file).size, accepted: stage.acceptedCount() });
        await sleep(SAMPLE_MS);
      }
      await redis.crash();
      const crashedAtMs = Date.now();
      const synced = samples.findLast(({ atMs }) => atMs <= crashedAtMs - UNSYNCED_MS) ?? samples[0];
      if (synced === undefined) throw new Error('no sample of the AOF');
      truncateSync(file, synced.size);
      const forgotten = stage.acceptedCount() - synced.accepted;
      stage.broke('power cut', heldByAll(stage) + forgotten, { mayLoseSinceMs: synced.atMs - SLACK_MS });
      await sleep(NOTED_WITHIN_MS);
      await redis.restart();
    },
  },
  {
    name: 'redis-frozen',
    part: 'redis',
    does: 'SIGSTOP of Redis for less than a lock holds, then SIGCONT',
    guarantees: 'no repetition',
    async inject(stage) {
      const redis = serverOf(stage);
      redis.freeze();
      await sleep(WORKER.lockMs / 4);
      redis.thaw();
    },
  },
  {
    name: 'redis-frozen-long',
    part: 'redis',
    does: 'SIGSTOP of Redis for longer than a lock holds, then SIGCONT',
    guarantees: 'at most what was in flight is repeated',
    async inject(stage) {
      const redis = serverOf(stage);
      stage.broke('Redis frozen', heldByAll(stage));
      redis.freeze();
      await sleep(1.5 * WORKER.lockMs);
      redis.thaw();
    },
  },
  {
    name: 'redis-client-kill',
    part: 'redis',
    does: 'CLIENT KILL of every connection, five times',
    guarantees: 'no repetition',
    async inject(stage) {
      const { client } = serverOf(stage);
      for (let time = 0; time < 5; time += 1) {
        await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
        await sleep(200);
      }
    },
  },
  {
    name: 'redis-out-of-memory',
    part: 'redis',
    does: 'Redis is at maxmemory under noeviction for a second',
    guarantees: 'at most what was in flight is repeated; the producer is told',
    async inject(stage) {
      const { client } = serverOf(stage);
      stage.broke('Redis out of memory', heldByAll(stage), { refusesWrites: true });
      await client.config('SET', 'maxmemory', '1mb');
      await sleep(1_000);
      await client.config('SET', 'maxmemory', '0');
    },
  },
  {
    name: 'redis-full-disk-always',
    part: 'redis',
    does: 'the disk of Redis is full; with appendfsync always it exits, and is started again with space',
    guarantees: 'at most what was in flight is repeated',
    needs: { redis: 'always, quota' },
    async inject(stage) {
      const redis = serverOf(stage);
      await redis.ended();
      stage.broke('Redis out of disk', heldByAll(stage), { refusesWrites: true });
      await redis.restart();
    },
  },
  {
    name: 'redis-full-disk-everysec',
    part: 'redis',
    does: 'the disk of Redis is full; with appendfsync everysec it refuses writes until there is space',
    guarantees: 'at most what was in flight is repeated; the producer is told',
    needs: { redis: 'everysec, quota' },
    async inject(stage) {
      const { client } = serverOf(stage);
      await until(async () => /aof_last_write_status:err/.test(await client.info('persistence')));
      stage.broke('Redis out of disk', heldByAll(stage), { refusesWrites: true });
      await sleep(700);
      // A new, smaller file is space.
      await client.bgrewriteaof();
      await until(async () => /aof_last_write_status:ok/.test(await client.info('persistence')));
    },
  },
  {
    name: 'redis-slow',
    part: 'redis',
    does: 'Redis is stopped for 150 ms out of every 200',
    guarantees: 'no repetition',
    async inject(stage) {
      const redis = serverOf(stage);
      for (let time = 0; time < 8; time += 1) {
        redis.freeze();
        await sleep(150);
        redis.thaw();
        await sleep(50);
      }
    },
  },
];

function killed(name: string, redis: 'always' | 'everysec'): Fault {
  return {
    name,
    part: 'redis',
    does: `kill -9 of Redis with appendfsync ${redis}, twice`,
    guarantees: 'at most what was in flight is repeated',
    needs: { redis },
    async inject(stage) {
      const server = serverOf(stage);
      for (let time = 0; time < 2; time += 1) {
        stage.broke('Redis killed', heldByAll(stage));
        await server.crash();
        await sleep(200);
        await server.restart();
        await sleep(400);
      }
    },
  };
}

function serverOf({ server }: Stage): TestRedis {
  if (server === null) throw new Error('this fault is one of a single server');
  return server;
}

/** What all workers together hold at most. */
export function heldByAll({ fleet, channels }: Stage): number {
  return fleet.workers.length * channels.length * WORKER.concurrency;
}

/** The file that the AOF grows in: since Redis 7 one of several, in a folder of its own. */
function aofOf({ folder }: TestRedis): string {
  const own = join(folder, 'appendonlydir');
  const name = readdirSync(own)
    .filter((file) => file.endsWith('.incr.aof'))
    .sort()
    .at(-1);
  if (name === undefined) throw new Error('no AOF');
  return join(own, name);
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(20);
}
