import { styleText } from 'node:util';
import { CONTENDERS } from './contenders/contenders.mjs';
import { median, spread } from './measure/statistics.mjs';
import { number, table, withSpread } from './report.mjs';

/** The tables of a run, from the very object that is written as JSON. */
export function tablesOf({ rounds, goals, enqueue, latency }) {
  return [
    rounds.length > 0 && deliveryTable(rounds),
    latency.length > 0 && latencyTable(latency),
    enqueue.length > 0 && enqueueTable(enqueue),
    goals.some(({ ratio }) => ratio !== null) && goalTable(goals),
  ]
    .filter(Boolean)
    .join('');
}

function deliveryTable(rounds) {
  const rows = CONTENDERS.filter(({ name }) => name in rounds[0]).map(({ name, what }) => {
    const runs = rounds.map((round) => round[name]);
    return { name, what, all: (field) => runs.map((run) => run[field]).filter(Number.isFinite) };
  });
  const figure = (head, field, show = (values) => number(median(values))) => ({
    head,
    of: ({ all }) => show(all(field)),
  });
  return table(
    'Delivery',
    [
      { head: 'contender', of: ({ name }) => name, left: true },
      { head: '', of: ({ what }) => what, left: true },
      figure('deliveries/s', 'deliveriesPerSecond', (values) => withSpread(spread(values))),
      figure('node CPU s/1000', 'nodeCpuPer1000'),
      figure('Redis CPU s/1000', 'redisCpuPer1000'),
      figure('of enqueueing', 'redisCpuPer1000Enqueued'),
      figure('RSS MB', 'rssMb'),
      figure('connections', 'connections'),
      figure('Redis B/event', 'redisBytesPerEvent'),
      figure('twice', 'acceptedTwice', (values) => number(Math.max(...values))),
      figure('others, cores', 'othersCores', (values) => number(Math.max(...values))),
    ],
    rows,
  );
}

const LOADS = {
  steady: '50/s',
  naive70: "70 % of naive's maximum",
  own70: '70 % of its own maximum',
};

function latencyTable(latency) {
  const names = Object.keys(latency[0]);
  const rows = names.flatMap((name) =>
    latency[0][name].map(({ load, perSecond }) => ({
      name,
      load,
      perSecond,
      all: (field) => latency.map((round) => round[name].find((rate) => rate.load === load)[field]),
    })),
  );
  return table(
    'From enqueueing to acceptance',
    [
      { head: 'contender', of: ({ name }) => name, left: true },
      { head: 'load', of: ({ load }) => LOADS[load], left: true },
      { head: 'events/s', of: ({ perSecond }) => number(perSecond) },
      { head: 'p50 ms', of: ({ all }) => withSpread(spread(all('p50Ms'))) },
      { head: 'p99 ms', of: ({ all }) => withSpread(spread(all('p99Ms'))) },
    ],
    rows,
  );
}

const PAIRS = [
  { what: 'chunks of 200', bare: 'addBulk', ours: 'sendMany' },
  { what: '100 at once', bare: 'addAtOnce', ours: 'sendAtOnce' },
  { what: 'one by one', bare: 'addOneByOne', ours: 'sendOneByOne' },
];

function enqueueTable(enqueue) {
  const all = (name) => enqueue.map((round) => round[name]);
  return table(
    'Enqueueing, events/s',
    [
      { head: '', of: ({ what }) => what, left: true },
      { head: 'BullMQ', of: ({ bare }) => withSpread(spread(all(bare))) },
      { head: 'Callpost', of: ({ ours }) => withSpread(spread(all(ours))) },
      {
        head: 'ratio',
        of: ({ bare, ours }) => number(median(enqueue.map((round) => round[ours] / round[bare]))),
      },
    ],
    PAIRS,
  );
}

function goalTable(goals) {
  return table(
    'Goals, as ratios within one round',
    [
      { head: '', of: ({ name }) => name, left: true },
      { head: 'wanted', of: ({ at, wanted }) => `${at === 'least' ? '≥' : '≤'} ${number(wanted)}` },
      { head: 'measured', of: ({ ratio }) => (ratio === null ? 'not in this run' : withSpread(ratio)) },
      { head: '', of: ({ isMet }) => met(isMet), left: true },
    ],
    goals,
  );
}

function met(isMet) {
  if (isMet === null) return '';
  return isMet ? styleText('green', 'met') : styleText('red', 'not met');
}
