/**
 * An outage of Re:amaze, and how it drains: `node infra/bench/outage.mjs [events a second] [seconds of outage]` after a
 * build. Two workers, calls of four events each, an endpoint that takes 50 ms and, for so long, answers 503. Prints what
 * it cost and whether every call arrived in order, and draws docs/outage.png (with rsvg-convert, Debian's librsvg2-bin).
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createCallEventQueue, readChannelState, readChannelStatus } from '@callpost/queue';
import { sampleEvent, startProgram, startRedis } from '@callpost/testkit';
import { plotSvg } from './plot-svg.mjs';

const PER_SECOND = Number(process.argv[2] ?? 740);
const OUTAGE_SECONDS = Number(process.argv[3] ?? 30);
const BEFORE_SECONDS = 10;
const AFTER_SECONDS = 5;
const LONGEST_SECONDS = 300;
const ANSWER_MS = 50;
const WORKERS = 2;
const CONCURRENCY = 50;
const CALLS_AT_A_TIME = 100;
const EVENTS_OF_A_CALL = 4;
const WORKER = fileURLToPath(new URL('../../apps/worker/dist/main.js', import.meta.url));
const PNG = fileURLToPath(new URL('../../docs/outage.png', import.meta.url));

const endpoint = await startSlowEndpoint();
const redis = await startRedis(['--appendonly', 'yes', '--appendfsync', 'everysec']);
const workers = Array.from({ length: WORKERS }, () =>
  startProgram(WORKER, {
    REDIS_URL: redis.url,
    REAMAZE_URL: `${endpoint.origin}/incoming/voice`,
    REAMAZE_SHARED_SECRET: 'secret',
    WORKER_CONCURRENCY: String(CONCURRENCY),
    METRICS_PORT: '0',
    LOG_LEVEL: 'info',
  }),
);
const queue = createCallEventQueue({ redis: redis.url });
let sent = 0;
let isOver = false;
try {
  await Promise.all(workers.map((worker) => worker.line({ msg: 'worker ready' })));
  const startedAtMs = Date.now();
  const producing = produce(startedAtMs);
  const samples = await watch(startedAtMs);
  isOver = true;
  await producing;
  tell(samples);
  draw(samples);
} finally {
  for (const worker of workers) {
    worker.kill('SIGKILL');
    await worker.exited();
  }
  await queue.close();
  await redis.stop();
  endpoint.server.close();
  endpoint.server.closeAllConnections();
}

/** As many events as should have happened by now, ten times a second. */
async function produce(startedAtMs) {
  while (!isOver) {
    const due = Math.floor(((Date.now() - startedAtMs) / 1_000) * PER_SECOND);
    const events = Array.from({ length: due - sent }, (_, index) => eventOf(sent + index));
    sent = due;
    await queue.sendMany(events);
    await sleep(100);
  }
}

function eventOf(index) {
  const group = CALLS_AT_A_TIME * EVENTS_OF_A_CALL;
  const call = Math.floor(index / group) * CALLS_AT_A_TIME + (index % CALLS_AT_A_TIME);
  return sampleEvent({ id: `event-${index}`, thread_id: `call-${call}` });
}

/** A sample a second, until the backlog is gone. */
async function watch(startedAtMs) {
  const samples = [];
  let quietSeconds = 0;
  while (quietSeconds < AFTER_SECONDS && samples.length < LONGEST_SECONDS) {
    await sleep(startedAtMs + (samples.length + 1) * 1_000 - Date.now());
    const second = samples.length + 1;
    endpoint.fails = second >= BEFORE_SECONDS && second < BEFORE_SECONDS + OUTAGE_SECONDS;
    const [{ counts }, { state }] = await Promise.all([
      readChannelStatus(redis.client, 'default'),
      readChannelState(redis.client, 'default'),
    ]);
    const { waiting, parked, retrying, dead } = counts;
    const sample = { second, backlog: waiting + parked + retrying, dead, state, ...endpoint.take() };
    samples.push(sample);
    const isDrained = second > BEFORE_SECONDS + OUTAGE_SECONDS && sample.backlog < PER_SECOND;
    quietSeconds = isDrained ? quietSeconds + 1 : 0;
    if (second % 10 === 0) console.log(JSON.stringify(sample));
  }
  return samples;
}

function tell(samples) {
  const during = samples.filter(
    ({ second }) => second > BEFORE_SECONDS && second <= BEFORE_SECONDS + OUTAGE_SECONDS,
  );
  const deepest = Math.max(...samples.map(({ backlog }) => backlog));
  const endedAt = BEFORE_SECONDS + OUTAGE_SECONDS;
  const drainedAt = samples.find(({ second, backlog }) => second > endedAt && backlog < PER_SECOND)?.second;
  const failed = during.reduce((sum, sample) => sum + sample.failed, 0);
  const dead = samples.at(-1)?.dead;
  const most = Math.max(...samples.map(({ mostInFlight }) => mostInFlight));
  console.log(`${PER_SECOND} events a second, ${OUTAGE_SECONDS} s of 503, ${sent} events in all`);
  console.log(`attempts during the outage: ${failed}; dead letters: ${dead}`);
  console.log(
    `greatest backlog: ${deepest}; drained ${drainedAt === undefined ? 'never' : `${drainedAt - endedAt} s`} after the outage`,
  );
  console.log(
    `in flight at most: ${most} of ${WORKERS * CONCURRENCY}; calls out of order: ${endpoint.outOfOrder.size}`,
  );
}

function draw(samples) {
  const svg = plotSvg({
    title: `${OUTAGE_SECONDS} s of 503 at ${PER_SECOND} events a second, ${WORKERS} workers of ${CONCURRENCY}`,
    seconds: samples.length,
    bands: [
      {
        from: BEFORE_SECONDS,
        to: BEFORE_SECONDS + OUTAGE_SECONDS,
        colour: '#fde2e2',
        text: 'Re:amaze answers 503',
      },
      ...bandsOf(samples, 'recovering').map((band) => ({ ...band, colour: '#fdf3d0', text: 'recovering' })),
    ],
    panels: [
      { text: 'accepted a second', colour: '#1a7f37', values: samples.map(({ accepted }) => accepted) },
      {
        text: 'attempts that failed, a second',
        colour: '#cf222e',
        values: samples.map(({ failed }) => failed),
      },
      {
        text: 'backlog: waiting, parked, retrying',
        colour: '#8250df',
        values: samples.map(({ backlog }) => backlog),
      },
      {
        text: 'in flight at most',
        colour: '#0969da',
        values: samples.map(({ mostInFlight }) => mostInFlight),
      },
    ],
  });
  const drawn = spawnSync('rsvg-convert', ['--output', PNG], { input: svg });
  if (drawn.status === 0) {
    console.log(`drawn: ${PNG}`);
    return;
  }
  writeFileSync(PNG.replace(/png$/, 'svg'), svg);
  console.log('no PNG, only an SVG: rsvg-convert is missing (apt-get install librsvg2-bin)');
}

/** From when to when a channel was in a state. */
function bandsOf(samples, state) {
  const seconds = samples.filter((sample) => sample.state === state).map(({ second }) => second);
  const [from, to] = [seconds[0], seconds.at(-1)];
  return from === undefined ? [] : [{ from: from - 1, to }];
}

async function startSlowEndpoint() {
  const newest = new Map();
  let inFlight = 0;
  let seen = { accepted: 0, failed: 0, mostInFlight: 0 };
  const endpoint = {
    fails: false,
    outOfOrder: new Set(),
    take() {
      const taken = seen;
      seen = { accepted: 0, failed: 0, mostInFlight: inFlight };
      return taken;
    },
  };
  const server = createServer(async (request, response) => {
    inFlight += 1;
    seen.mostInFlight = Math.max(seen.mostInFlight, inFlight);
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { id, thread_id: call } = JSON.parse(Buffer.concat(chunks).toString());
    const index = Number(id.split('-')[1]);
    await sleep(ANSWER_MS);
    inFlight -= 1;
    if (endpoint.fails) {
      seen.failed += 1;
      response.writeHead(503).end();
      return;
    }
    seen.accepted += 1;
    if (index < (newest.get(call) ?? -1)) endpoint.outOfOrder.add(call);
    newest.set(call, index);
    response.writeHead(201).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(endpoint, { server, origin: `http://127.0.0.1:${server.address().port}` });
}
