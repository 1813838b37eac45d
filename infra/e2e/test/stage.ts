import { type CallEventQueue, createCallEventQueue } from '@callpost/queue';
import { type Sink, startRedis, startSink, type TestRedis } from '@callpost/testkit';
import { afterEach, beforeEach, expect } from 'vitest';
import { lineFaults } from './log-docs.js';
import { startWorker, type WorkerProcess } from './worker-process.js';

/** What a test of the whole has around it, anew for each: a Redis, a sink, a producer, and the workers it starts. */
export interface Stage {
  readonly redis: TestRedis;
  readonly sink: Sink;
  readonly queue: CallEventQueue;
  /** A worker on this stage; by default it knows the sink's secret. */
  start(
    environment?: Readonly<Record<string, string>>,
    until?: 'worker ready' | 'worker started',
  ): Promise<WorkerProcess>;
}

export const SECRET = 'right';

/**
 * Sets the stage before each test of a file and clears it away after. A test fails whose workers logged a line that is
 * not as docs/logs.md says.
 *
 * @param environment of all workers, unless a worker's own says otherwise
 */
export function useStage(environment: Readonly<Record<string, string>> = {}): Stage {
  const workers: WorkerProcess[] = [];
  const stage = {
    async start(
      own: Readonly<Record<string, string>> = { REAMAZE_SHARED_SECRET: SECRET },
      until?: 'worker ready' | 'worker started',
    ) {
      const { redis, sink } = stage;
      const defaults = { REDIS_URL: redis.url, REAMAZE_URL: sink.url };
      const worker = await startWorker({ ...defaults, ...environment, ...own }, until);
      workers.push(worker);
      return worker;
    },
  } as Omit<Stage, 'redis' | 'sink' | 'queue'> & { redis: TestRedis; sink: Sink; queue: CallEventQueue };

  beforeEach(async () => {
    [stage.redis, stage.sink] = await Promise.all([startRedis(), startSink(SECRET)]);
    stage.queue = createCallEventQueue({ redis: stage.redis.url });
  });
  afterEach(async () => {
    const started = workers.splice(0);
    for (const worker of started) {
      worker.kill('SIGKILL');
      await worker.exited();
    }
    await stage.queue.close();
    await stage.sink.stop();
    await stage.redis.stop();
    expect(new Set(started.flatMap(({ lines }) => lines.flatMap(lineFaults)))).toEqual(new Set());
  });
  return stage;
}
