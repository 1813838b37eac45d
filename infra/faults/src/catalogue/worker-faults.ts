import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../fault.js';
import type { Random } from '../random.js';
import { type Stage, WORKER } from '../stage.js';

/** What the ledger says was broken. */
export const NOT_IN_TIME = 'worker did not stop in time';

/** 400 events in eight seconds. */
const WHILE_WORKERS_START = { paceMs: 800 };

export const WORKER_FAULTS: readonly Fault[] = [
  {
    name: 'worker-kill',
    part: 'workers',
    does: 'kill -9 of a worker in the middle of its posts, twice',
    guarantees: 'at most what the worker held is repeated',
    async inject(stage, random) {
      for (let time = 0; time < 2; time += 1) {
        const worker = random.pick(stage.fleet.workers);
        stage.broke('worker killed', heldBy(stage));
        await stage.fleet.kill(worker);
        await stage.fleet.start();
      }
    },
  },
  {
    name: 'worker-frozen',
    part: 'workers',
    does: 'SIGSTOP of a worker for longer than its locks hold, then SIGCONT',
    guarantees: 'at most what the worker held is repeated; it posts nothing that another has taken',
    async inject(stage, random) {
      const worker = random.pick(stage.fleet.workers);
      stage.broke('worker frozen', heldBy(stage));
      worker.kill('SIGSTOP');
      await sleep(2 * WORKER.lockMs + 500);
      worker.kill('SIGCONT');
    },
  },
  {
    name: 'worker-sigterm',
    part: 'workers',
    does: 'SIGTERM of both workers, one after the other, while the endpoint answers a third with 503',
    guarantees: 'no repetition; exit code 0',
    async inject(stage, _random, isAlone) {
      await stage.sink.misbehave({ behaviour: 'status', argument: '503', share: 0.3 });
      for (const worker of stage.fleet.workers) {
        await stage.fleet.start();
        await stopCleanly(stage, worker, isAlone);
      }
      await stage.sink.misbehave({});
    },
  },
  {
    name: 'deploy',
    part: 'workers',
    does: 'new workers with other settings, or of an older build, beside the old, and back again',
    guarantees: 'no repetition; exit code 0',
    async inject(stage, _random, isAlone) {
      const settings = { LOCK_DURATION_MS: '5000', WORKER_CONCURRENCY: '3' };
      for (const [own, program] of [[settings, process.env.CALLPOST_OLDER_WORKER], [{}]] as const) {
        const old = stage.fleet.workers;
        for (const worker of old) {
          await stage.fleet.start(own, program);
          await sleep(200);
          await stopCleanly(stage, worker, isAlone);
        }
      }
    },
  },
  {
    name: 'reshard',
    part: 'workers',
    does: 'new workers divide the channel into 4 shards, then 2, then 1, and one of the old is killed each time; half of the answers are 503',
    guarantees: 'at most what the killed workers held is repeated',
    load: WHILE_WORKERS_START,
    inject: reshard,
  },
  {
    name: 'cluster-reshard',
    part: 'workers',
    does: 'new workers divide four channels in a cluster of three masters and three replicas, as in `reshard`',
    guarantees: 'at most what the killed workers held is repeated',
    needs: { redis: 'cluster' },
    load: WHILE_WORKERS_START,
    inject: reshard,
  },
  {
    name: 'clock-jumps',
    part: 'workers',
    does: "the workers' clock jumps 5 s ahead, then 5 s behind, then back",
    guarantees: 'no repetition; what waits for a time may wait for the jump longer',
    async inject(stage) {
      for (const clockOffsetMs of [5_000, -5_000, 0]) {
        stage.surround({ clockOffsetMs });
        await sleep(700);
      }
    },
  },
];

/** Ends with one shard, as all other faults begin. Retries keep calls where they are meanwhile. */
async function reshard(stage: Stage, _random: Random, isAlone: boolean): Promise<void> {
  await stage.sink.misbehave({ behaviour: 'status', argument: '503', share: 0.5 });
  for (const shards of [4, 2, 1]) {
    const [first, ...others] = stage.fleet.workers;
    const own = { CHANNELS_FILE: stage.channelsFile(shards) };
    await Promise.all(stage.fleet.workers.map(() => stage.fleet.start(own)));
    if (first !== undefined) {
      stage.broke('worker killed', heldBy(stage));
      await stage.fleet.kill(first);
    }
    await Promise.all(others.map((worker) => stopCleanly(stage, worker, isAlone)));
  }
  await stage.sink.misbehave({});
}

function heldBy({ channels }: Stage): number {
  return WORKER.concurrency * channels.length;
}

/** With Redis away until the grace and more are over it ends with 1; what it held is then taken over. */
async function stopCleanly(
  stage: Stage,
  worker: Stage['fleet']['workers'][number],
  isAlone: boolean,
): Promise<void> {
  const code = await stage.fleet.stop(worker);
  if (code === 0) return;
  if (!isAlone && code === 1) return stage.broke(NOT_IN_TIME, heldBy(stage));
  throw new Error(`a worker ended with ${code} after SIGTERM:\n${worker.output().slice(-2_000)}`);
}
