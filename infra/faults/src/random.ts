import { seeded } from '@callpost/testkit';

/** A reproducible source of choices. */
export interface Random {
  /** From 0 up to, not including, 1. */
  next(): number;
  /** A whole number, both bounds inclusive. */
  between(least: number, most: number): number;
  /** @throws RangeError for an empty list */
  pick<T>(list: readonly T[]): T;
  /** Another source for a part of the work, so that what one part draws changes nothing for the others. */
  fork(): Random;
}

/** @param seed 32 bits of it count */
export function seededRandom(seed: number): Random {
  const next = seeded(seed);
  return {
    next,
    between: (least, most) => least + Math.floor(next() * (most - least + 1)),
    pick(list) {
      const one = list[Math.floor(next() * list.length)];
      if (one === undefined) throw new RangeError('nothing to pick from');
      return one;
    },
    fork: () => seededRandom(Math.floor(next() * 2 ** 32)),
  };
}
