import { sampleEvent, writeDeadLetters } from '@callpost/testkit';
import { contender } from './contenders/contenders.mjs';
import { inTurns } from './measure/in-turns.mjs';
import { median } from './measure/statistics.mjs';
import { number, table } from './report.mjs';

/** A rate or a scrape that is within this share of the first line's counts as flat. */
const FLAT_WITHIN = 0.2;

/** Few enough that a queue of a thousand events holds all of many calls: four fifths wait for an earlier one at any depth. */
const CALLS_OF_A_SHALLOW_QUEUE = { callsAtATime: 50, eventsPerCall: 5 };

/**
 * What grows, and in which steps, by how large the bench is; and what makes an entrant of a step. Every step is measured
 * against the first of its series.
 */
const SERIES = {
  'events waiting': {
    steps: { full: [1_000, 100_000, 1_000_000], quick: [1_000, 20_000], tiny: [500, 2_000] },
    of: (depth) => ({ depth, calls: CALLS_OF_A_SHALLOW_QUEUE }),
  },
  'calls in lanes': {
    steps: { full: [100, 10_000, 100_000], quick: [100, 5_000], tiny: [10, 100] },
    of: (callsAtATime) => ({ calls: { callsAtATime, eventsPerCall: Number.POSITIVE_INFINITY } }),
  },
  'dead letters': {
    steps: { full: [0, 100_000], quick: [0, 10_000], tiny: [0, 100] },
    of: (letters) => ({ prepare: (stage) => plantLetters(stage, letters) }),
  },
  'channels, one of them busy': {
    steps: { full: [1, 10, 50], quick: [1, 10], tiny: [1, 3] },
    of: (count) => ({ stage: { channels: channelNames(count), busyChannels: channelNames(1) } }),
  },
  'channels, all of them busy': {
    steps: { full: [1, 10, 50], quick: [1, 10], tiny: [1, 3] },
    of: (count) => ({ stage: { channels: channelNames(count) } }),
  },
  'worker processes': {
    steps: { full: [1, 2, 3], quick: [1, 2], tiny: [1, 2] },
    of: (processes) => ({ processes }),
  },
};

/** @returns {Promise<{ series: Record<string, { step: number, runs: object[] }[]> }>} */
export async function measureScale({ sink, size, sizeName, env, say }) {
  const series = {};
  for (const [name, { steps, of }] of Object.entries(SERIES)) {
    const wanted = steps[sizeName];
    say(`more ${name}: ${wanted.map((step) => step.toLocaleString('en-GB')).join(', ')}`);
    const entrants = wanted.map((step) => {
      const { stage, ...entrant } = of(step);
      // Longer turns than the contenders': fifty channels have thousands of attempts under way when they are stopped.
      const events = size.eventsOfRun / 2;
      return { name: step, contender: contender('callpost'), events, stage: { env, ...stage }, ...entrant };
    });
    const rounds = await inTurns(entrants, {
      sink,
      say,
      warmUpRounds: size.warmUpRounds,
      rounds: size.scaleRounds,
    });
    series[name] = wanted.map((step) => ({ step, runs: rounds.map((round) => round[step]) }));
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
