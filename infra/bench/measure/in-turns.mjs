import { between, endOf, fill, progressOf, reach } from './drain.mjs';
import { watchScrapes } from './scrapes.mjs';
import { withStage } from './stage.mjs';
import { median } from './statistics.mjs';
import { supplyOf } from './supply.mjs';

/** Of a turn, the first part is not measured: a program that goes on has nothing of its own in the processor's caches. */
const SETTLE = 0.3;
/** Of a turn, what is measured at least, however far the turn before went beyond its end. */
const LEAST = 0.5;
/** Of Callpost's worker: what was under way when it was stopped is still so when it goes on. */
const PATIENT = { REQUEST_TIMEOUT_MS: '60000', LOCK_DURATION_MS: '120000' };

/**
 * Who takes part: `events` of a turn; `processes`, `calls`, `stage` and `prepare` as in {@link drain}. `depth`: its queue is
 * held at about so many waiting events, by enqueueing as many as it delivers; without, all are enqueued before the start.
 *
 * @typedef {{ name: string, contender: object, events: number, processes?: number, calls?: object, stage?: object,
 *   prepare?: (stage: object) => Promise<void>, depth?: number }} Entrant
 */

/**
 * Entrants take turns of less than a second: each has a Redis, a sink and a backlog of its own, and while one delivers the
 * programs of the others are stopped (SIGSTOP). So a machine whose speed changes within minutes, as one that is shared does,
 * meets all of them alike, and what is compared is programs that are warm.
 *
 * @param {readonly Entrant[]} entrants
 * @param {{ sink: object, warmUpRounds: number, rounds: number, say: (text: string) => void }} options `warmUpRounds`: as
 *   many as are not measured, while code is compiled and connections are opened
 * @returns {Promise<Record<string, object>[]>} for each round the figures by entrant. What is known only of all its turns
 *   together, such as memory, is in each of its rounds
 * @throws when an event of any is missing at the end
 */
export async function inTurns(entrants, { sink, warmUpRounds, rounds, say }) {
  const figures = Array.from({ length: rounds }, () => ({}));
  await withAll(entrants, sink, warmUpRounds + rounds, async (all) => {
    for (let round = 0; round < warmUpRounds + rounds; round += 1) {
      const isMeasured = round >= warmUpRounds;
      for (const entrant of turned(all, round)) {
        const turn = await entrant.takeTurn();
        if (isMeasured) figures[round - warmUpRounds][entrant.name] = turn;
      }
      if (isMeasured) say(roundText(round - warmUpRounds, rounds, figures[round - warmUpRounds]));
    }
    for (const { name, end } of all) {
      const whole = await end();
      for (const round of figures) Object.assign(round[name], whole);
    }
  });
  return figures;
}

/** Calls `body` with all entrants, each with its backlog, none of them started. */
async function withAll([entrant, ...others], sink, turns, body, opened = []) {
  if (entrant === undefined) return body(opened);
  const { contender, events, calls, stage: extra, prepare, depth } = entrant;
  // What is left after the last turn is delivered at the end, when nothing is measured.
  const inTurns = events * (turns + 2);
  const eventCount = (depth ?? 0) + inTurns;
  await withStage({ sink, eventCount }, async (bare) => {
    const stage = { ...bare, ...extra, env: { ...PATIENT, ...extra?.env }, eventCount };
    await prepare?.(stage);
    const queue = await contender.openQueue(stage);
    const count = depth ?? inTurns;
    const filled = await fill(contender, { stage, queue, count, calls });
    const one = takePart(entrant, { stage, queue, count, filled });
    await withAll(others, sink, turns, body, [...opened, one]);
  });
}

function takePart({ name, contender, events, processes = 1, calls, depth }, { stage, queue, count, filled }) {
  const progress = progressOf(contender, { stage, queue, count });
  const supply = supplyOf(queue, { progress, calls, depth: count, most: stage.eventCount });
  let turns = 0;

  function goOn() {
    if (turns > 0) for (const program of stage.programs) program.goOn();
    else for (let number = 0; number < processes; number += 1) contender.start(stage);
  }

  return {
    name,
    async takeTurn() {
      goOn();
      if (depth !== undefined) supply.goOn();
      const { done } = await progress();
      turns += 1;
      const goal = events * turns;
      const from = await reach(stage, progress, done + (goal - done) * SETTLE);
      const scrapes = watchScrapes(stage.programs[0]);
      const to = await reach(stage, progress, Math.max(goal, from.done + events * LEAST));
      const scrapeMs = await scrapes.stop();
      await supply.pause();
      for (const program of stage.programs) program.pause();
      return { ...between(from, to), ...(scrapeMs.length > 0 ? { scrapeMs: median(scrapeMs) } : {}) };
    },
    async end() {
      goOn();
      if (depth === undefined) await reach(stage, progress, count);
      const isHeld = depth !== undefined;
      return { ...filled, ...(await endOf(contender, { stage, queue, count: supply.enqueued(), isHeld })) };
    },
  };
}

/** In an order that turns with the round, so that nobody always comes after the same. */
export function turned(all, by) {
  const at = by % all.length;
  return [...all.slice(at), ...all.slice(0, at)];
}

function roundText(round, rounds, figures) {
  const rates = Object.entries(figures).map(
    ([name, { deliveriesPerSecond }]) => `${name} ${Math.round(deliveriesPerSecond)}`,
  );
  return `round ${round + 1}/${rounds}, deliveries/s: ${rates.join(', ')}`;
}
