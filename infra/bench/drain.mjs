/**
 * How fast a worker drains a backlog when an answer takes a while: `node infra/bench/drain.mjs [count]` after a build.
 * Printed are deliveries a second by concurrency and by how long the endpoint takes, beside concurrency / latency, which is
 * what they come to as long as neither the worker nor Redis is the limit. Everything runs on this machine.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createCallEventQueue } from '@callpost/queue';
import { eventually, sampleEvents, startEndpoint, startProgram, startRedis } from '@callpost/testkit';

const COUNT = Number(process.argv[2] ?? 5_000);
const WORKER = fileURLToPath(new URL('../../apps/worker/dist/main.js', import.meta.url));
const SCENES = [
  { concurrency: 10, latencyMs: 100 },
  { concurrency: 50, latencyMs: 100 },
  { concurrency: 100, latencyMs: 100 },
  { concurrency: 200, latencyMs: 100 },
  { concurrency: 50, latencyMs: 500 },
  { concurrency: 100, latencyMs: 1 },
];

console.log('in flight  answer takes  deliveries/s  in flight / latency');
for (const scene of SCENES) {
  const rate = await measure(scene);
  const { concurrency, latencyMs } = scene;
  const cells = [concurrency, `${latencyMs} ms`, Math.round(rate), (concurrency * 1_000) / latencyMs];
  console.log(
    `${String(cells[0]).padStart(9)}${String(cells[1]).padStart(14)}${String(cells[2]).padStart(14)}${String(cells[3]).padStart(21)}`,
  );
}

async function measure({ concurrency, latencyMs }) {
  const count = Math.min(COUNT, Math.ceil((10_000 * concurrency) / latencyMs));
  const server = await startRedis(['--appendonly', 'yes', '--appendfsync', 'everysec']);
  const endpoint = await startEndpoint();
  endpoint.answerWith(async (_request, response) => {
    await sleep(latencyMs);
    response.writeHead(201).end('{}');
  });
  const queue = createCallEventQueue({ redis: server.url });
  await queue.sendMany(sampleEvents(count));
  await queue.close();
  const worker = startProgram(WORKER, {
    REDIS_URL: server.url,
    REAMAZE_URL: `${endpoint.origin}/voice`,
    REAMAZE_SHARED_SECRET: 'secret',
    METRICS_PORT: '0',
    LOG_LEVEL: 'warn',
    WORKER_CONCURRENCY: String(concurrency),
  });
  try {
    // Not from the start of the process, nor from the first events, while connections are opened.
    const warmedUp = Math.floor(count / 5);
    await eventually(() => endpoint.requests.length >= warmedUp, 60_000);
    const begin = { at: performance.now(), requests: endpoint.requests.length };
    await eventually(() => endpoint.requests.length >= count, 600_000);
    return ((count - begin.requests) * 1_000) / (performance.now() - begin.at);
  } finally {
    worker.kill('SIGKILL');
    await worker.exited();
    await endpoint.stop();
    await server.stop();
  }
}
