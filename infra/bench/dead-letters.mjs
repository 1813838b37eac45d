/**
 * How long an SRE waits with 100,000 dead letters: `node infra/bench/dead-letters.mjs [count]` after a build.
 * A Redis of its own, letters written as the worker leaves them, medians of five.
 */
import { performance } from 'node:perf_hooks';
import {
  connectRedis,
  countDeadLetters,
  openRedis,
  pageDeadLetters,
  reindexDeadLetters,
  summariseCauses,
} from '@callpost/queue';
import { sampleEvent, startRedis, writeDeadLetters } from '@callpost/testkit';

const COUNT = Number(process.argv[2] ?? 100_000);
const CHANNEL = 'default';
const CAUSES = [
  {
    status: 422,
    reason: 'http_422',
    text: (id) => `{"error":"phone is invalid for event ${id}"}`,
    share: 0.7,
  },
  { status: 400, reason: 'http_400', text: (id) => `{"error":"cannot parse event ${id}"}`, share: 0.299 },
  { status: 404, reason: 'http_404', text: () => '{"error":"no such channel"}', share: 0.001 },
];

const server = await startRedis(['--appendonly', 'no']);
try {
  const redis = connectRedis(server.url, 'tool');
  await openRedis(redis);
  const before = await usedMemory(redis);
  await writeLetters(redis);
  const bare = await usedMemory(redis);
  const startedAt = performance.now();
  await reindexDeadLetters(redis, CHANNEL);
  const reindexMs = performance.now() - startedAt;
  const indexed = await usedMemory(redis);
  const page = (filter) => () => pageDeadLetters(redis, CHANNEL, { filter, limit: 50 });
  const rows = {
    letters: COUNT,
    'causes, ms': await median(() => summariseCauses(redis, CHANNEL)),
    'causes since the middle, ms': await median(() =>
      summariseCauses(redis, CHANNEL, { sinceMs: Date.now() - COUNT / 2 }),
    ),
    'causes of one status, ms': await median(() => summariseCauses(redis, CHANNEL, { status: 400 })),
    'page, no filter, ms': await median(page({})),
    'page, common reason, ms': await median(page({ reason: 'http_400' })),
    'page, rare reason (0.1 %), ms': await median(page({ reason: 'http_404' })),
    'page, one thread, ms': await median(page({ thread: 'call-of-event-7' })),
    'page, nothing fits, ms': await median(page({ possiblyDelivered: true })),
    'count, common reason, ms': await median(() => countDeadLetters(redis, CHANNEL, { reason: 'http_400' })),
    'reindex, ms': Math.round(reindexMs),
    'bytes a letter, without index': Math.round((bare - before) / COUNT),
    'bytes a letter, index': Math.round((indexed - bare) / COUNT),
  };
  for (const [name, value] of Object.entries(rows))
    console.log(`${name.padEnd(34)}${String(value).padStart(10)}`);
  redis.disconnect();
} finally {
  await server.stop();
}

async function writeLetters(redis) {
  const firstMs = Date.now() - COUNT;
  const letters = Array.from({ length: COUNT }, (_, index) => {
    const id = `event-${index}`;
    const { status, reason, text } = causeOf(index);
    return { event: sampleEvent({ id }), status, reason, excerpt: text(id), atMs: firstMs + index };
  });
  await writeDeadLetters(redis, letters);
}

function causeOf(index) {
  let share = (index % 1_000) / 1_000;
  for (const cause of CAUSES) {
    if (share < cause.share) return cause;
    share -= cause.share;
  }
  return CAUSES[0];
}

async function usedMemory(redis) {
  return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))[1]);
}

async function median(measure) {
  const times = [];
  for (let run = 0; run < 5; run += 1) {
    const startedAt = performance.now();
    await measure();
    times.push(performance.now() - startedAt);
  }
  return times.sort((a, b) => a - b)[2].toFixed(1);
}
