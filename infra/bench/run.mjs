import { CONTENDERS, contender } from './contenders/contenders.mjs';
import { judgeGoals } from './goals.mjs';
import { enqueueRates } from './measure/enqueue.mjs';
import { inTurns, turned } from './measure/in-turns.mjs';
import { latency } from './measure/latency.mjs';
import { median } from './measure/statistics.mjs';

/**
 * `events`: of a turn, for everybody but the naive worker, who gets a quarter, so that his turns take about as long as the
 * others'. `sittings`: how often all are started anew, since one process of the same program has luck with its memory and its
 * compiled code that another has not, some per cent of its speed. `rounds`: of turns, in each sitting; `warmUpRounds`: before
 * them, not measured. `eventsOfRun`: of what is measured in whole runs.
 */
export const SIZES = {
  full: {
    sittings: 4,
    scaleRounds: 7,
    rounds: 4,
    warmUpRounds: 3,
    events: 10_000,
    eventsOfRun: 40_000,
    enqueueRounds: 5,
    enqueued: 10_000,
    latencyRounds: 3,
    steadySeconds: 8,
    loadSeconds: 4,
  },
  quick: {
    sittings: 1,
    scaleRounds: 5,
    rounds: 5,
    warmUpRounds: 2,
    events: 2_500,
    eventsOfRun: 8_000,
    enqueueRounds: 3,
    enqueued: 2_000,
    latencyRounds: 1,
    steadySeconds: 2,
    loadSeconds: 1,
  },
  tiny: {
    sittings: 1,
    scaleRounds: 1,
    rounds: 1,
    warmUpRounds: 1,
    events: 1_200,
    eventsOfRun: 1_200,
    enqueueRounds: 1,
    enqueued: 200,
    latencyRounds: 1,
    steadySeconds: 0.5,
    loadSeconds: 0.2,
  },
};

const STEADY_PER_SECOND = 50;
const LOAD = 0.7;
const MEASURED_FOR_LATENCY = ['naive', 'plain', 'callpost'];

/**
 * Everything: first all contenders in turns of less than a second, then latency and enqueueing, one contender after the
 * other, in an order that turns with the round.
 *
 * @param {{ sink: object, size: object, only: readonly string[], env: Record<string, string>, say: (text: string) => void }}
 *   options `only`: names of contenders; empty for all and for enqueueing. `env`: of Callpost's worker
 */
export async function runBench({ sink, size, only, env, say }) {
  const names = only.length > 0 ? only : CONTENDERS.map(({ name }) => name);
  const entrants = names.map((name) => ({
    name,
    contender: contender(name),
    events: name === 'naive' ? size.events / 4 : size.events,
    stage: { env },
  }));
  const rounds = [];
  for (let sitting = 1; sitting <= size.sittings; sitting += 1) {
    say(`sitting ${sitting}/${size.sittings}: enqueueing, then ${size.warmUpRounds} rounds to warm up`);
    rounds.push(...(await inTurns(entrants, { sink, say, ...size })));
  }
  const latencies = await measureLatency({ sink, size, names, rounds, env, say });
  const enqueue = only.length > 0 ? [] : await measureEnqueueing({ sink, size, say });
  return { rounds, latency: latencies, enqueue, goals: judgeGoals(joined(rounds, latencies, enqueue)) };
}

async function measureLatency({ sink, size, names, rounds, env, say }) {
  const taking = MEASURED_FOR_LATENCY.filter((name) => names.includes(name));
  const maximum = (name) => median(rounds.map((round) => round[name].deliveriesPerSecond));
  const measured = [];
  for (let round = 0; round < (taking.length > 0 ? size.latencyRounds : 0); round += 1) {
    const figures = {};
    for (const name of turned(taking, round)) {
      const loads = [
        { load: 'steady', perSecond: STEADY_PER_SECOND, seconds: size.steadySeconds },
        names.includes('naive') && { load: 'naive70', perSecond: LOAD * maximum('naive') },
        name !== 'naive' && { load: 'own70', perSecond: LOAD * maximum(name) },
      ].filter(Boolean);
      const rates = loads.map((rate) => ({ seconds: size.loadSeconds, ...rate }));
      const found = await latency(contender(name), { sink, rates, env });
      figures[name] = found.map((rate, place) => ({ load: loads[place].load, ...rate }));
      say(`latency ${round + 1}/${size.latencyRounds}  ${name}`);
    }
    measured.push(figures);
  }
  return measured;
}

function measureEnqueueing({ sink, size, say }) {
  say('enqueueing');
  return enqueueRates({ sink, count: size.enqueued, rounds: size.enqueueRounds });
}

/** The rounds of each kind side by side, as far as there are. */
function joined(rounds, latencies, enqueue) {
  return rounds.map((figures, round) => ({
    ...figures,
    latency: latencies[round],
    enqueue: enqueue[round],
  }));
}
