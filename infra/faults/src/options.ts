import { parseArgs } from 'node:util';
import { CATALOGUE } from './catalogue/catalogue.js';

export interface Options {
  /** How long to go on with random mixes after each fault was alone once; 0 for none. */
  readonly minutes: number;
  readonly seed: number;
  /** Names of faults; empty for all. */
  readonly only: readonly string[];
  /** Numbers of the random mixes to make, and nothing else; empty for all that there is time for. */
  readonly mixes: readonly number[];
  readonly list: boolean;
  /** Where to write the figures as Markdown; null for nowhere. */
  readonly table: string | null;
}

export const USAGE = `usage: npm run faults -- [--minutes M] [--seed N] [--only NAME,NAME] [--mix N,N] [--table FILE] [--list]

Breaks real parts under load and counts: every fault alone first, then seeded random mixes for the rest of M minutes
(default 0). Prints the seed, and makes the same choices when it is given the same one; --mix makes some of its mixes
again, alone.`;

/** The options, or what is wrong with them. */
export function readOptions(args: readonly string[], anySeed: () => number): Options | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        minutes: { type: 'string', default: '0' },
        seed: { type: 'string' },
        only: { type: 'string', default: '' },
        mix: { type: 'string' },
        table: { type: 'string' },
        list: { type: 'boolean', default: false },
      },
    });
    const minutes = Number(values.minutes);
    if (!/^\d+(\.\d+)?$/.test(values.minutes) || minutes > 24 * 60) {
      return `--minutes: found ${JSON.stringify(values.minutes)}; allowed: a number of minutes up to 1440`;
    }
    if (values.seed !== undefined && !(/^\d{1,10}$/.test(values.seed) && Number(values.seed) < 2 ** 32)) {
      return `--seed: found ${JSON.stringify(values.seed)}; allowed: a whole number below 2^32`;
    }
    if (values.mix !== undefined && !/^[1-9]\d{0,4}(,[1-9]\d{0,4})*$/.test(values.mix)) {
      return `--mix: found ${JSON.stringify(values.mix)}; allowed: numbers of mixes, such as 24,26`;
    }
    const only = values.only.split(',').filter(Boolean);
    const unknown = only.find((name) => !CATALOGUE.some((fault) => fault.name === name));
    if (unknown !== undefined)
      return `--only: found ${JSON.stringify(unknown)}; allowed: the names of --list`;
    return {
      minutes,
      seed: values.seed === undefined ? anySeed() : Number(values.seed),
      only,
      mixes: values.mix?.split(',').map(Number) ?? [],
      list: values.list,
      table: values.table ?? null,
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
