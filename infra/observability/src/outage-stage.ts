import { fileURLToPath } from 'node:url';
import { type CallEventQueue, createCallEventQueue } from '@callpost/queue';
import {
  type Answer,
  accept,
  type Program,
  sampleEvent,
  startEndpoint,
  startProgram,
  startRedis,
  status,
  type TestRedis,
} from '@callpost/testkit';
import { type Monitoring, startMonitoring } from './monitoring.js';

const WORKER = fileURLToPath(new URL('../../../apps/worker/dist/main.js', import.meta.url));

/** Two real workers on a real Redis, watched by a real Prometheus and Alertmanager, with calls coming in all the time. */
export interface OutageStage {
  readonly redis: TestRedis;
  readonly monitoring: Monitoring;
  readonly workers: readonly Program[];
  /** Ids of the events that Redis acknowledged and that Re:amaze must have in the end. */
  readonly accepted: ReadonlySet<string>;
  readonly delivered: ReadonlySet<string>;
  /** Events that Re:amaze refuses with 422, and ones that no producer may enqueue. */
  refuse(count: number): Promise<void>;
  /** Re:amaze answers everything with this, until it heals. */
  failWith(code: number): void;
  heal(): void;
  /** From now on letters are taken when they come again, as after someone mended their cause. */
  takeRefused(): void;
  stop(): Promise<void>;
}

export interface OutageOptions {
  /** How many times faster than deployed the monitoring runs. */
  readonly factor: number;
  readonly eventsPerSecond: number;
  /** Of the workers. */
  readonly environment?: Readonly<Record<string, string>>;
}

const CHUNKS_PER_SECOND = 4;

export async function startOutageStage(options: OutageOptions): Promise<OutageStage> {
  const [redis, endpoint] = await Promise.all([startRedis(), startEndpoint()]);
  const environment = {
    REDIS_URL: redis.url,
    REAMAZE_URL: `${endpoint.origin}/incoming/voice`,
    REAMAZE_SHARED_SECRET: 'right',
    METRICS_PORT: '0',
    ...options.environment,
  };
  const workers = [1, 2].map(() => startProgram(WORKER, environment));
  const targets = await Promise.all(workers.map(opsHost));
  const monitoring = await startMonitoring(targets, options.factor);
  const queue = createCallEventQueue({ redis: redis.url });

  const delivered = new Set<string>();
  let failure: Answer | null = null;
  let refuses = true;
  endpoint.answerWith((request, response) => {
    const { id } = JSON.parse(request.body.toString()) as { id: string };
    if (failure !== null) return failure(request, response);
    if (refuses && id.startsWith('refused')) {
      return status(422, {}, '{"error":"assignee is unknown"}')(request, response);
    }
    delivered.add(id);
    accept(request, response);
  });

  const calls = sendCalls(queue, options.eventsPerSecond);
  let refused = 0;
  return {
    redis,
    monitoring,
    workers,
    accepted: calls.accepted,
    delivered,
    async refuse(count) {
      const events = Array.from({ length: count }, () => {
        refused += 1;
        return sampleEvent({ id: `refused-${refused}` });
      });
      await queue.sendMany([...events, { id: 'not an event' }]);
    },
    failWith(code) {
      failure = status(code);
    },
    heal() {
      failure = null;
    },
    takeRefused() {
      refuses = false;
    },
    async stop() {
      await calls.stop();
      await queue.close();
      for (const worker of workers) worker.kill('SIGKILL');
      await Promise.all(workers.map((worker) => worker.exited()));
      await Promise.all([monitoring.stop(), endpoint.stop()]);
      await redis.stop();
    },
  };
}

async function opsHost(worker: Program): Promise<string> {
  const { metricsUrl } = await worker.line({ msg: 'worker ready' });
  return new URL(String(metricsUrl)).host;
}

/** Steady traffic, one event a call. */
function sendCalls(queue: CallEventQueue, eventsPerSecond: number) {
  const accepted = new Set<string>();
  const perChunk = Math.max(1, Math.round(eventsPerSecond / CHUNKS_PER_SECOND));
  let sending = Promise.resolve();
  let count = 0;
  const timer = setInterval(() => {
    const ids = Array.from({ length: perChunk }, () => {
      count += 1;
      return `call-${count}`;
    });
    sending = sending.then(async () => {
      await queue.sendMany(ids.map((id) => sampleEvent({ id })));
      for (const id of ids) accepted.add(id);
    });
  }, 1_000 / CHUNKS_PER_SECOND);
  return {
    accepted,
    async stop() {
      clearInterval(timer);
      await sending;
    },
  };
}
