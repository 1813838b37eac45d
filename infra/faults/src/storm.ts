import type { Fault } from './fault.js';
import type { Random } from './random.js';
import { type Needs, withDefaults } from './stage.js';

export interface Mix {
  readonly needs: Needs;
  readonly faults: readonly Fault[];
}

const FAULTS_PER_MIX = { least: 4, most: 9 } as const;

/**
 * Random mixes without end, the same for the same seed: a stage that some fault of the catalogue needs, and a handful of
 * faults that can stand on it, some of them at the same time.
 */
export function* mixesOf(catalogue: readonly Fault[], random: Random): Generator<[number, Mix]> {
  // Under a long load a small disk would be full again and again.
  const stages = catalogue.map(({ needs }) => needs ?? {}).filter(({ redis }) => !redis?.endsWith('quota'));
  for (let index = 1; ; index += 1) {
    const needs = random.pick(stages);
    const fitting = catalogue.filter((fault) => fits(fault, needs));
    const count = random.between(FAULTS_PER_MIX.least, FAULTS_PER_MIX.most);
    yield [index, { needs, faults: Array.from({ length: count }, () => random.pick(fitting)) }];
  }
}

/** A fault without needs stands on any stage that has what it touches. */
function fits({ needs = {}, part }: Fault, given: Needs): boolean {
  const { redis, tls, durability } = withDefaults(given);
  if (needs.tls === true && !tls) return false;
  if (needs.redis !== undefined && needs.redis !== redis) return false;
  if (needs.durability !== undefined && needs.durability !== durability) return false;
  if (needs.redis !== undefined) return true;
  // These act on the one server, or on the proxy before it.
  const isDistributed = redis === 'sentinel' || redis === 'cluster';
  return !(isDistributed && (part === 'redis' || part === 'producer'));
}
