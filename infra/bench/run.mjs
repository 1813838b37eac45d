import { CONTENDERS, contender } from './contenders/contenders.mjs';
import { judgeGoals } from './goals.mjs';
import { drain } from './measure/drain.mjs';
import { enqueueRates } from './measure/enqueue.mjs';
import { latency } from './measure/latency.mjs';
import { median } from './measure/statistics.mjs';

/** `events`: for everybody but the naive worker, who gets a third, so that his runs take as long as the others'. */
export const SIZES = {
  full: { rounds: 5, events: 40_000, enqueued: 10_000, latencyRounds: 3, steadySeconds: 8, loadSeconds: 4 },
  quick: { rounds: 3, events: 8_000, enqueued: 2_000, latencyRounds: 1, steadySeconds: 2, loadSeconds: 1 },
  tiny: { rounds: 1, events: 1_200, enqueued: 200, latencyRounds: 1, steadySeconds: 0.5, loadSeconds: 0.2 },
};

const STEADY_PER_SECOND = 50;
const LOAD = 0.7;
const MEASURED_FOR_LATENCY = ['naive', 'plain', 'callpost'];

/**
 * Everything, interleaved: each round runs all contenders one after the other, in an order that turns with the round, so
 * that what else the machine does meets all of them alike.
 *
 * @param {{ sink: object, size: object, only: readonly string[], env: Record<string, string>, say: (text: string) => void }}
 *   options `only`: names of contenders; empty for all and for enqueueing. `env`: of Callpost's worker
 */
export async function runBench({ sink, size, only, env, say }) {
  const names = only.length > 0 ? only : CONTENDERS.map(({ name }) => name);
  const rounds = [];
  for (let round = 0; round < size.rounds; round += 1) {
    const figures = {};
    for (const name of turned(names, round)) {
      const count = name === 'naive' ? Math.round(size.events / 3) : size.events;
      figures[name] = await drain(contender(name), { sink, count, stage: { env } });
      const { deliveriesPerSecond, othersCores } = figures[name];
      say(
        `round ${round + 1}/${size.rounds}  ${name.padEnd(18)} ${Math.round(deliveriesPerSecond)}/s, others ${othersCores.toFixed(1)} cores`,
      );
    }
    rounds.push(figures);
  }
  const latencies = await measureLatency({ sink, size, names, rounds, env, say });
  const enqueue = only.length > 0 ? [] : await measureEnqueueing({ sink, size, say });
  return { rounds, latency: latencies, enqueue, goals: judgeGoals(joined(rounds, latencies, enqueue)) };
}

function turned(names, by) {
  const at = by % names.length;
  return [...names.slice(at), ...names.slice(0, at)];
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
  return enqueueRates({ sink, count: size.enqueued, rounds: size.rounds });
}

/** The rounds of each kind side by side, as far as there are. */
function joined(rounds, latencies, enqueue) {
  return rounds.map((figures, round) => ({
    ...figures,
    latency: latencies[round],
    enqueue: enqueue[round],
  }));
}
