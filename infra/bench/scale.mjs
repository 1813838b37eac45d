import { sampleEvent, writeDeadLetters } from '@callpost/testkit';
import { contender } from './contenders/contenders.mjs';
import { drain } from './measure/drain.mjs';
import { drainHeld } from './measure/drain-held.mjs';
import { median } from './measure/statistics.mjs';
import { number, table } from './report.mjs';

/** A rate or a scrape that is within this share of the first line's counts as flat. */
const FLAT_WITHIN = 0.2;

/**
 * What grows, and in which steps. Every step is measured against the first of its series, in runs that take turns. A
 * deeper queue is held at its depth: the bench enqueues as fast as the worker delivers, the same for every depth.
 */
const SERIES = {
  'events waiting': {
    steps: { full: [1_000, 100_000, 1_000_000], quick: [1_000, 20_000], tiny: [100, 500] },
    measure: (depth, { sink, env, events }) =>
      drainHeld(contender('callpost'), { sink, env, depth, count: events }),
  },
  'calls in lanes': {
    steps: { full: [100, 10_000, 100_000], quick: [100, 5_000], tiny: [10, 100] },
    measure: (callsAtATime, { sink, env, events }) =>
      drain(contender('callpost'), {
        sink,
        stage: { env },
        count: Math.max(events, callsAtATime),
        calls: { callsAtATime, eventsPerCall: Number.POSITIVE_INFINITY },
      }),
  },
  'dead letters': {
    steps: { full: [0, 100_000], quick: [0, 10_000], tiny: [0, 100] },
    measure: (letters, { sink, env, events }) =>
      drain(contender('callpost'), {
        sink,
        stage: { env },
        count: events,
        prepare: (stage) => plantLetters(stage, letters),
      }),
  },
  channels: {
    steps: { full: [1, 10, 50], quick: [1, 10], tiny: [1, 3] },
    measure: (count, { sink, env, events }) =>
      drain(contender('callpost'), { sink, count: events, stage: { env, channels: channelNames(count) } }),
  },
  'worker processes': {
    steps: { full: [1, 2, 3], quick: [1, 2], tiny: [1, 2] },
    measure: (processes, { sink, env, events }) =>
      drain(contender('callpost'), { sink, stage: { env }, count: events, processes }),
  },
};

/** @returns {Promise<{ series: Record<string, { step: number, runs: object[] }[]> }>} */
export async function measureScale({ sink, size, env, isQuick, say }) {
  const series = {};
  const sizeName = size.events < 1_000 ? 'tiny' : isQuick ? 'quick' : 'full';
  for (const [name, { steps, measure }] of Object.entries(SERIES)) {
    const rows = steps[sizeName].map((step) => ({ step, runs: [] }));
    for (let round = 0; round < Math.min(3, size.rounds); round += 1) {
      for (const { step, runs } of rows) {
        const run = await measure(step, { sink, env, events: size.events });
        runs.push(run);
        say(`round ${round + 1}  ${name} ${step}: ${Math.round(run.deliveriesPerSecond)}/s`);
      }
    }
    series[name] = rows;
  }
  return { series };
}

export function scaleTables({ series }) {
  return Object.entries(series)
    .map(([name, rows]) => table(`With more ${name}`, columns(name, rows), rows))
    .join('');
}

function columns(name, rows) {
  const all = ({ runs }, field) => median(runs.map((run) => run[field]).filter(Number.isFinite));
  const ratio = (row, field) =>
    median(row.runs.map((run, round) => run[field] / rows[0].runs[round][field]).filter(Number.isFinite));
  return [
    { head: name, of: ({ step }) => step.toLocaleString('en-GB') },
    { head: 'deliveries/s', of: (row) => number(all(row, 'deliveriesPerSecond')) },
    { head: '÷ first', of: (row) => number(ratio(row, 'deliveriesPerSecond')) },
    { head: 'node CPU s/1000', of: (row) => number(all(row, 'nodeCpuPer1000')) },
    { head: 'Redis CPU s/1000', of: (row) => number(all(row, 'redisCpuPer1000')) },
    { head: 'scrape ms', of: (row) => number(all(row, 'scrapeMs')) },
    { head: 'RSS MB', of: (row) => number(all(row, 'rssMb')) },
    {
      head: `rate within ${FLAT_WITHIN * 100} %`,
      of: (row) => (ratio(row, 'deliveriesPerSecond') >= 1 - FLAT_WITHIN ? 'yes' : 'no'),
    },
  ];
}

async function plantLetters({ redis }, count) {
  const letters = Array.from({ length: count }, (_, index) => ({
    event: sampleEvent({ id: `letter-${index}` }),
    reason: 'http_422',
    status: 422,
    excerpt: `{"error":"no such assignee ${index}"}`,
    atMs: Date.now(),
  }));
  await writeDeadLetters(redis.client, letters);
}

function channelNames(count) {
  return Array.from({ length: count }, (_, index) => (index === 0 ? 'default' : `channel-${index}`));
}
