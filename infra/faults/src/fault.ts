import type { Load } from './parts/producer.js';
import type { Random } from './random.js';
import type { Needs, Stage } from './stage.js';

/** One way to break something, and what is promised all the same. */
export interface Fault {
  readonly name: string;
  /** What happens, for a person. */
  readonly does: string;
  /** What holds beyond the promise that nothing acknowledged is lost and calls stay in order. */
  readonly guarantees: string;
  /** What it touches: of two faults of one part, the second waits for the first. */
  readonly part: 'redis' | 'workers' | 'endpoint' | 'producer';
  readonly needs?: Needs;
  /** Of the load while it is alone, what has to be otherwise; absent: nothing. */
  readonly load?: Partial<Omit<Load, 'prefix'>>;
  /** Not in `npm test`: it takes too long for what it adds. */
  readonly isLong?: true;
  /** Breaks, and resolves when everything is whole again. Load goes on meanwhile. */
  inject(stage: Stage, random: Random, isAlone: boolean): Promise<void>;
}
