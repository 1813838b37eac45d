import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectRedis, createCallEventQueue, openRedis, readChannelStatus } from '@callpost/queue';
import { Queue } from 'bullmq';
import { startNode } from '../measure/program.mjs';
import { sum } from '../measure/statistics.mjs';

const SECRET = 'the secret of the bench';
const WORKER = fileURLToPath(new URL('../../../apps/worker/dist/main.js', import.meta.url));
const QUEUE_OF_DEFAULT_CHANNEL = '{voice-default}';
const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/**
 * Who takes part. `openQueue` opens the way by which its events are enqueued, `start` starts the program that delivers
 * them. `posts: false`: nothing reaches the sink. `queues: false`: nothing comes from Redis.
 */
export const CONTENDERS = [
  {
    name: 'naive',
    what: 'BullMQ + fetch, 30 lines',
    openQueue: (stage) => bareQueue(stage, 'calls', { attempts: 25, backoff: NAIVE_BACKOFF }),
    start: (stage) => startContender(stage, 'naive.mjs'),
  },
  {
    name: 'plain',
    what: 'best plain BullMQ loop, nothing on',
    openQueue: (stage) => bareQueue(stage, 'calls'),
    start: (stage) => startContender(stage, 'plain.mjs'),
  },
  {
    name: 'callpost',
    what: 'Callpost as shipped, events in lanes',
    openQueue: callpostQueue,
    start: startCallpost,
  },
  {
    name: 'callpost-unordered',
    what: 'Callpost, events of a plain producer',
    openQueue: (stage) => bareQueue(stage, QUEUE_OF_DEFAULT_CHANNEL),
    start: startCallpost,
  },
  {
    name: 'noop',
    what: 'ceiling: BullMQ alone, nothing posted',
    posts: false,
    openQueue: (stage) => bareQueue(stage, 'calls'),
    start: (stage) => startContender(stage, 'noop.mjs'),
  },
  {
    name: 'undici',
    what: 'ceiling: undici alone, no queue',
    queues: false,
    openQueue: async () => ({ enqueue: async () => undefined, close: async () => undefined }),
    start: (stage) => startContender(stage, 'undici.mjs'),
  },
];

export function contender(name) {
  return CONTENDERS.find((one) => one.name === name);
}

const NAIVE_BACKOFF = { type: 'exponential', delay: 1_000 };
/** As many as `sendMany` puts into one transaction. */
const CHUNK = 200;

/** BullMQ as it is: jobs with ids of its own, and the options given. */
export async function bareQueue({ redisSocket }, name, options = {}) {
  const queue = new Queue(name, { connection: { path: redisSocket } });
  await queue.waitUntilReady();
  return {
    async enqueue(events) {
      for (let start = 0; start < events.length; start += CHUNK) {
        const jobs = events
          .slice(start, start + CHUNK)
          .map((data) => ({ name: 'call-event', data, opts: options }));
        await queue.addBulk(jobs);
      }
    },
    enqueueOne: (data) => queue.add('call-event', data, options),
    async remaining() {
      const counts = await queue.getJobCounts('wait', 'active', 'prioritized', 'delayed', 'failed');
      return sum(Object.values(counts));
    },
    close: () => queue.close(),
  };
}

/** Callpost's own way in. With several channels their events take turns; those that are not busy have none. */
export async function callpostQueue({ redis, channels = ['default'], busyChannels = channels }) {
  const queues = busyChannels.map((channel) => createCallEventQueue({ redis: redis.url, channel }));
  const looking = connectRedis(redis.url, 'tool');
  await openRedis(looking);
  return {
    async enqueue(events) {
      const answers = await Promise.all(
        queues.map((queue, place) =>
          queue.sendMany(
            queues.length === 1 ? events : events.filter((_, at) => at % queues.length === place),
          ),
        ),
      );
      const refused = answers.flat().find(({ status }) => status !== 'accepted');
      if (refused !== undefined) throw new Error(`not accepted: ${JSON.stringify(refused)}`);
    },
    enqueueOne: (event) => queues[0].send(event),
    /** Dead ones are not counted: they never reached the sink, which knows what is missing. */
    async remaining() {
      const all = await Promise.all(busyChannels.map((channel) => readChannelStatus(looking, channel)));
      return sum(all.map(({ counts: { dead, ...queued } }) => sum(Object.values(queued))));
    },
    async close() {
      looking.disconnect();
      await Promise.all(queues.map((queue) => queue.close()));
    },
  };
}

function startContender(stage, script) {
  const { folder, redisSocket, sink, eventCount, nodeFlags } = stage;
  const env = { REDIS_SOCKET: redisSocket, ENDPOINT_URL: sink.url, SECRET, EVENTS: String(eventCount) };
  return stage.add(startNode(here(script), { folder, env, nodeFlags }));
}

/** What the image starts the worker's Node with. */
const SHIPPED_FLAGS = /^ENTRYPOINT \["node", (.*), "\/app\/dist\/main\.js"\]$/m
  .exec(readFileSync(here('../../docker/Dockerfile'), 'utf8'))[1]
  .split(', ')
  .map((flag) => JSON.parse(flag));

/** The worker with everything on, as the image starts it; its log at level info goes into a file. */
function startCallpost(stage) {
  const { folder, redis, sink, channels, nodeFlags = [], env = {} } = stage;
  return stage.add(
    startNode(WORKER, {
      folder,
      nodeFlags: [...SHIPPED_FLAGS, ...nodeFlags],
      env: { REDIS_URL: redis.url, METRICS_PORT: '0', ...channelsEnv(folder, sink.url, channels), ...env },
    }),
  );
}

function channelsEnv(folder, url, channels) {
  if (channels === undefined) return { REAMAZE_URL: url, REAMAZE_SHARED_SECRET: SECRET };
  const file = join(folder, 'channels.json');
  writeFileSync(file, JSON.stringify({ channels: channels.map((name) => ({ name, secret: SECRET, url })) }));
  return { CHANNELS_FILE: file };
}

/** Where a running Callpost worker shows its metrics; null until its log says so, and for every other program. */
export function metricsUrlOf(program) {
  return /"metricsUrl":"([^"]+)"/.exec(program.output())?.[1] ?? null;
}
