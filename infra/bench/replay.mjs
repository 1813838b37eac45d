/**
 * What a replay of 20,000 does to live events: `node infra/bench/replay.mjs [count]` after a build. Live events are sent
 * ten a second, first alone, then while the run goes on at full speed; printed is how long each took from enqueueing to
 * acceptance, in ms, as the worker's own log says.
 */
import { fileURLToPath } from 'node:url';
import { connectRedis, createCallEventQueue, moveRun, openRedis, planRun, readRun } from '@callpost/queue';
import { sampleEvent, startEndpoint, startProgram, startRedis, writeDeadLetters } from '@callpost/testkit';

const COUNT = Number(process.argv[2] ?? 20_000);
const CHANNEL = 'default';
const WORKER = fileURLToPath(new URL('../../apps/worker/dist/main.js', import.meta.url));

const server = await startRedis(['--appendonly', 'yes', '--appendfsync', 'everysec']);
const endpoint = await startEndpoint();
const worker = startProgram(WORKER, {
  REDIS_URL: server.url,
  REAMAZE_URL: `${endpoint.origin}/incoming/voice`,
  REAMAZE_SHARED_SECRET: 'secret',
  METRICS_PORT: '0',
});
try {
  await worker.line({ msg: 'worker ready' });
  const redis = connectRedis(server.url, 'tool');
  await openRedis(redis);
  await writeDeadLetters(redis, letters());
  const queue = createCallEventQueue({ redis: server.url });

  const alone = await sendLive(queue, 'alone', async (sent) => sent === 50);
  const runId = await startRun(redis);
  const startedAt = performance.now();
  const during = await sendLive(
    queue,
    'during',
    async () => (await readRun(redis, CHANNEL, runId)).state === 'done',
  );
  const seconds = (performance.now() - startedAt) / 1_000;

  print('live events alone', alone);
  print(`live events during a replay of ${COUNT}`, during);
  console.log(`replayed ${Math.round(COUNT / seconds)} a second, ${seconds.toFixed(1)} s in all`);
  await queue.close();
  redis.disconnect();
} finally {
  worker.kill('SIGTERM');
  await worker.exited();
  await endpoint.stop();
  await server.stop();
}

function letters() {
  const firstMs = Date.now() - COUNT;
  return Array.from({ length: COUNT }, (_, index) => ({
    event: sampleEvent({ id: `letter-${index}`, thread_id: `call-${index % 4_000}` }),
    reason: 'http_422',
    status: 422,
    excerpt: 'closed',
    atMs: firstMs + index,
  }));
}

async function startRun(redis) {
  const options = {
    channel: CHANNEL,
    filter: {},
    who: 'bench',
    maxPerSecond: 100_000,
    now: Date.now,
    newId: () => 'bench',
  };
  await planRun(redis, options);
  const by = { who: 'bench', via: 'bench', comment: null };
  await moveRun(redis, { channel: CHANNEL, runId: 'bench', move: 'start', by, nowMs: Date.now() });
  return 'bench';
}

async function sendLive(queue, name, isOver) {
  let sent = 0;
  while (!(await isOver(sent))) {
    await queue.send(sampleEvent({ id: `live-${name}-${sent}` }));
    sent += 1;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const latencies = [];
  for (let index = 0; index < sent; index += 1) {
    const line = await worker.line({
      msg: 'attempt',
      eventId: `live-${name}-${index}`,
      outcome: 'delivered',
    });
    latencies.push(line.latencyMs);
  }
  return latencies.sort((a, b) => a - b);
}

function print(name, latencies) {
  const at = (share) => latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))];
  console.log(
    `${name}: ${latencies.length} events, median ${at(0.5)}, p99 ${at(0.99)}, longest ${latencies.at(-1)}`,
  );
}
