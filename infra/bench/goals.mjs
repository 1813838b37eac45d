import { spread } from './measure/statistics.mjs';

const overNaive = ({ naive, callpost }) => callpost.deliveriesPerSecond / naive.deliveriesPerSecond;

/**
 * What Callpost wants to be, as ratios within one run: absolute figures are of one machine, and of one moment of it.
 * `at`: which way is good. `of`: the ratio in one round, in which everything was measured within a minute.
 */
const GOALS = [
  {
    name: 'deliveries/s ÷ naive',
    at: 'least',
    wanted: 3,
    of: overNaive,
  },
  {
    name: 'deliveries/s ÷ naive, with group commit',
    at: 'least',
    wanted: 4.5,
    of: overNaive,
  },
  {
    name: 'deliveries/s ÷ best plain loop',
    at: 'least',
    wanted: 0.75,
    of: ({ plain, callpost }) => callpost.deliveriesPerSecond / plain.deliveriesPerSecond,
  },
  {
    name: 'deliveries/s, in lanes ÷ unordered',
    at: 'least',
    wanted: 0.8,
    of: ({ callpost, 'callpost-unordered': unordered }) =>
      callpost.deliveriesPerSecond / unordered.deliveriesPerSecond,
  },
  {
    name: 'worker CPU a delivery ÷ naive',
    at: 'most',
    wanted: 1 / 3,
    of: ({ naive, callpost }) => callpost.nodeCpuPer1000 / naive.nodeCpuPer1000,
  },
  {
    name: 'Redis bytes a queued event ÷ bare BullMQ',
    at: 'most',
    wanted: 1.25,
    of: ({ plain, callpost }) => callpost.redisBytesPerEvent / plain.redisBytesPerEvent,
  },
  {
    name: "p99 ÷ naive's, at 70 % of naive's maximum",
    at: 'most',
    wanted: 1,
    of: ({ latency }) => p99(latency?.callpost, 'naive70') / p99(latency?.naive, 'naive70'),
  },
  {
    name: 'sendMany ÷ bare addBulk',
    at: 'least',
    wanted: 0.7,
    of: ({ enqueue }) => enqueue.sendMany / enqueue.addBulk,
  },
];

/**
 * @param {readonly object[]} rounds for each round: figures by contender, `latency` and `enqueue`, as far as measured
 * @returns {{ name: string, at: 'least' | 'most', wanted: number, ratio: object | null, isMet: boolean | null }[]}
 *   `ratio` is the spread of the rounds' ratios; null: not measured in this run
 */
export function judgeGoals(rounds) {
  return GOALS.map(({ name, at, wanted, of }) => {
    const ratios = rounds.map((round) => ratioOrNull(of, round)).filter(Number.isFinite);
    if (ratios.length === 0) return { name, at, wanted, ratio: null, isMet: null };
    const ratio = spread(ratios);
    return {
      name,
      at,
      wanted,
      ratio,
      isMet: at === 'least' ? ratio.median >= wanted : ratio.median <= wanted,
    };
  });
}

/** Null when a part of it was not measured. */
function ratioOrNull(of, round) {
  try {
    return of(round);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function p99(rates, load) {
  return rates?.find((rate) => rate.load === load)?.p99Ms;
}
