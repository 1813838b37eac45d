/**
 * What a scrape of `/metrics` costs, by how many channels a worker has: `node infra/bench/scrape.mjs [channels...] [--each
 * events]` after a build; default 1, 10 and 50 channels with 1,000 events each. The channels are paused, so that nothing
 * but the scrape is measured; and scrapes are so far apart that each reads Redis anew.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { connectRedis, openRedis, pauseChannel } from '@callpost/queue';
import { contender, metricsUrlOf } from './contenders/contenders.mjs';
import { fill } from './measure/drain.mjs';
import { cpuSecondsOf } from './measure/machine.mjs';
import { buildSink } from './measure/sink.mjs';
import { redisCpuSeconds, withStage } from './measure/stage.mjs';
import { median } from './measure/statistics.mjs';
import { number, table } from './report.mjs';

/** Readings that are younger are shown again, see `apps/worker/src/reading.ts`. */
const FRESH_FOR_MS = 5_100;
const SCRAPES = 9;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { each: { type: 'string', default: '1000' } },
});
const sizes = positionals.length > 0 ? positionals.map(Number) : [1, 10, 50];
const callpost = contender('callpost');
const sink = buildSink();
try {
  const rows = [];
  for (const size of sizes) rows.push(await measure(size, Number(values.each)));
  console.log(
    table(
      `A scrape, of channels with ${values.each} events each`,
      [
        { head: 'channels', of: ({ size }) => String(size) },
        { head: 'lines', of: ({ lines }) => String(lines) },
        { head: 'ms', of: ({ tookMs }) => number(tookMs) },
        { head: 'worker CPU ms', of: ({ workerMs }) => number(workerMs) },
        { head: 'Redis CPU ms', of: ({ redisMs }) => number(redisMs) },
      ],
      rows,
    ),
  );
} finally {
  sink.remove();
}

function measure(size, each) {
  const channels = Array.from({ length: size }, (_, index) => (index === 0 ? 'default' : `channel-${index}`));
  return withStage({ sink, eventCount: size * each }, async (bare) => {
    const stage = { ...bare, channels, eventCount: size * each };
    const queue = await callpost.openQueue(stage);
    await fill(callpost, { stage, queue, count: size * each });
    await queue.close();
    await pauseAll(stage);
    const program = callpost.start(stage);
    const runs = await scrapes(stage, program);
    const of = (name) => median(runs.map((run) => run[name]));
    return {
      size,
      lines: of('lines'),
      tookMs: of('tookMs'),
      workerMs: of('workerMs'),
      redisMs: of('redisMs'),
    };
  });
}

async function pauseAll({ redis: { url }, channels }) {
  const redis = connectRedis(url, 'tool');
  await openRedis(redis);
  for (const channel of channels) {
    await pauseChannel(redis, { channel, who: 'bench', via: 'bench', reason: null, nowMs: Date.now() });
  }
  redis.disconnect();
}

/** The first, while code is compiled, is not measured. */
async function scrapes({ redis }, program) {
  while (metricsUrlOf(program) === null) await sleep(50);
  const runs = [];
  for (let scrape = 0; scrape <= SCRAPES; scrape += 1) {
    await sleep(FRESH_FOR_MS);
    const before = { worker: cpuSecondsOf(program.pid), redis: await redisCpuSeconds(redis) };
    const startedAtMs = performance.now();
    const page = await (await fetch(metricsUrlOf(program))).text();
    const tookMs = performance.now() - startedAtMs;
    runs.push({
      tookMs,
      lines: page.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length,
      workerMs: (cpuSecondsOf(program.pid) - before.worker) * 1_000,
      redisMs: ((await redisCpuSeconds(redis)) - before.redis) * 1_000,
    });
  }
  return runs.slice(1);
}
