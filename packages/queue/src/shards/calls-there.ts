import { laneKeys } from '../lanes/lane-keys.js';
import { LANE_LUA } from '../lanes/lane-lua.js';
import { queueKey } from '../names.js';
import type { RedisConnection } from '../redis.js';
import type { Home } from './layout.js';

/** What of a call is known at the home that its letters are moved from. */
interface CallThere {
  readonly hasLane: boolean;
  /** Order of its newest event delivered since one died; '' for none. */
  readonly deliveredSince: string;
}

export type CallsThere = ReadonlyMap<string, CallThere>;

/** KEYS delivered since. ARGV prefix, calls. */
const LOOK = `
${LANE_LUA.HAS_LANE}
local answers = {}
for index = 2, #ARGV do
  answers[#answers + 1] = hasLane(ARGV[1], ARGV[index]) and 1 or 0
  answers[#answers + 1] = redis.call('HGET', KEYS[1], ARGV[index]) or ''
end
return answers`;

export async function lookAtCalls(
  redis: RedisConnection,
  home: Home,
  ofLetters: ReadonlyArray<string | null>,
): Promise<CallsThere> {
  const calls = [...new Set(ofLetters.filter((call) => call !== null))];
  if (calls.length === 0) return new Map();
  const key = laneKeys(home).deliveredSince;
  const answers = (await redis.eval(LOOK, 1, key, queueKey(home, ''), ...calls)) as (number | string)[];
  return new Map(
    calls.map((call, index) => {
      const [hasLane, deliveredSince] = answers.slice(2 * index);
      return [call, { hasLane: hasLane === 1, deliveredSince: String(deliveredSince) }];
    }),
  );
}
