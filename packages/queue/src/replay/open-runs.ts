import type { RedisConnection } from '../redis.js';
import { redisScript } from '../redis-script.js';
import { LETTERS_SUFFIX, RESULTS_SUFFIX, runKeys } from './run.js';

/** States of replay runs that are not over and were started. */
export const OPEN_RUN_STATES = ['running', 'paused', 'stopped_by_canary'] as const;

type OpenRunState = (typeof OPEN_RUN_STATES)[number];

/** Of a channel. */
export interface OpenRuns {
  readonly runs: Readonly<Record<OpenRunState, number>>;
  /** Of running runs: not sent yet. */
  readonly lettersLeft: number;
}

/** A channel keeps its runs for good; those that are not over are among the newest. */
const NEWEST_RUNS = 100;

/** KEYS: ids of all runs. ARGV: what the key of a run begins with. Returns their states, and the letters left. */
const LOOK = `
local states, lettersLeft = {}, 0
for at, id in ipairs(redis.call('ZREVRANGE', KEYS[1], 0, ${NEWEST_RUNS} - 1)) do
  local run = ARGV[1] .. id
  states[at] = redis.call('HGET', run, 'state')
  if states[at] == 'running' then
    local untouched = redis.call('LLEN', run .. '${LETTERS_SUFFIX}') - redis.call('HLEN', run .. '${RESULTS_SUFFIX}')
    lettersLeft = lettersLeft + math.max(0, untouched)
  end
end
return {states, lettersLeft}`;

const look = redisScript<[states: string[], lettersLeft: number]>('callpostLookAtRuns', 1, LOOK);

/** One round trip, whatever the number of runs. */
export async function readOpenRuns(redis: RedisConnection, channel: string): Promise<OpenRuns> {
  const { all, run: prefix } = runKeys(channel, '');
  const [states, lettersLeft] = await look(redis, all, prefix);
  const count = (state: OpenRunState) => states.filter((found) => found === state).length;
  return {
    runs: {
      running: count('running'),
      paused: count('paused'),
      stopped_by_canary: count('stopped_by_canary'),
    },
    lettersLeft,
  };
}
