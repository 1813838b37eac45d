/**
 * What an event costs in Redis, by where it is: `node infra/bench/memory.mjs [count]` after a build. The figures of
 * docs/capacity.md. A Redis of its own without a log, since used_memory is the same with one.
 */
import {
  connectRedis,
  createCallEventQueue,
  createChannelConsumer,
  openRedis,
  readChannelStatus,
} from '@callpost/queue';
import { eventually, sampleEvent, startRedis } from '@callpost/testkit';

const COUNT = Number(process.argv[2] ?? 100_000);
const CHANNEL = 'default';
const LATER_MS = 3_600_000;
const refusal = { reason: 'http_422', status: 422, excerpt: '{"error":"from.phone is not a phone number"}' };

/** What is done with each event that is taken, and where all of them are in the end; null: none is taken. */
const SCENES = [
  { name: 'waiting, five to a call', eventsPerCall: 5, settle: null, state: 'waiting' },
  { name: 'retrying, after one attempt', eventsPerCall: 1, settle: retry, state: 'retrying' },
  { name: 'parked, behind an earlier one', eventsPerCall: 100, settle: retry, state: 'parked' },
  { name: 'dead letter, with index', eventsPerCall: 5, settle: die, state: 'dead' },
];

console.log(`bytes of Redis an event, ${COUNT.toLocaleString('en-GB')} of ${eventBytes()} bytes each`);
for (const scene of SCENES) {
  const bytes = await measure(scene);
  console.log(`${scene.name.padEnd(40)}${String(Math.round(bytes)).padStart(7)}`);
}

async function measure({ eventsPerCall, settle, state }) {
  const server = await startRedis(['--appendonly', 'no']);
  try {
    const producer = createCallEventQueue({ redis: server.url });
    const before = await usedMemory(server.client);
    for (let start = 0; start < COUNT; start += 10_000) {
      await producer.sendMany(
        Array.from({ length: Math.min(10_000, COUNT - start) }, (_, index) =>
          event(start + index, eventsPerCall),
        ),
      );
    }
    await producer.close();
    if (settle !== null) await takeAll(server, settle, state);
    return ((await usedMemory(server.client)) - before) / COUNT;
  } finally {
    await server.stop();
  }
}

/** Takes events until none is waiting. */
async function takeAll(server, settle, state) {
  const redis = connectRedis(server.url, 'worker');
  await openRedis(redis);
  const ignore = () => undefined;
  const consumer = createChannelConsumer({
    channel: CHANNEL,
    redis,
    deliver: async ({ attempt }) => settle(attempt),
    shards: 1,
    concurrency: 100,
    maxPerSecond: null,
    lockDurationMs: 60_000,
    dedupWindowMs: LATER_MS,
    laneMaxHoldMs: LATER_MS,
    stoppedMsSince: () => 0,
    observer: { onError: ignore, onStalled: ignore, onStalledToDeath: ignore, onDefect: fail },
    now: Date.now,
  });
  consumer.start();
  await eventually(async () => {
    const { counts } = await readChannelStatus(server.client, CHANNEL);
    return counts.waiting + counts.in_flight === 0 && counts[state] > 0;
  }, 600_000);
  await consumer.stop(1_000);
  redis.disconnect();
}

function retry(attempt) {
  const record = {
    ...attempted(attempt),
    outcome: 'retry',
    reason: 'http_5xx',
    status: 503,
    excerpt: 'Service Unavailable',
  };
  return { outcome: 'retry', retryAtMs: Date.now() + LATER_MS, record };
}

function die(attempt) {
  return { outcome: 'dead', record: { ...attempted(attempt), outcome: 'dead', ...refusal } };
}

function attempted(attempt) {
  return { attempt, atMs: Date.now(), durationMs: 84, worker: 'callpost-worker-6d5f8:1' };
}

/** As long as a call centre's are. */
function event(index, eventsPerCall) {
  const call = `5e0c1b7a-${String(Math.floor(index / eventsPerCall)).padStart(12, '0')}`;
  return sampleEvent({
    id: `${call}-${index % eventsPerCall}`,
    thread_id: call,
    body: 'Call ended - duration: 0:30:05 - queue Billing - answered by Jane after 0:00:12 - disposition: resolved',
    assignee: { email: 'jane.roe@example.com' },
  });
}

function eventBytes() {
  return Buffer.byteLength(JSON.stringify(event(0, 5)));
}

async function usedMemory(client) {
  return Number(/used_memory:(\d+)/.exec(await client.info('memory'))[1]);
}

function fail(error) {
  throw error;
}
