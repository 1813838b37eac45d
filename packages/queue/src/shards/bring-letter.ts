import { GENERATION_SETTING, laneKeys } from '../lanes/lane-keys.js';
import { LANE_LUA } from '../lanes/lane-lua.js';
import { json } from '../letters/dead-letter.js';
import { healIndex } from '../letters/heal-index.js';
import { callOf } from '../letters/letter-entry.js';
import { callRange, letterKeys } from '../letters/letter-keys.js';
import { queueKey } from '../names.js';
import type { RedisConnection } from '../redis.js';
import { homeOfLetter } from './bring-home.js';
import { allHomes, type Home, type Layout, pathOfCall } from './layout.js';
import { moveLetters } from './move-letters.js';

/** Where a letter may be replayed, if it may. `busy`: its call is elsewhere still. `stale`: there is a newer layout. */
export type LetterPlace =
  | { readonly status: 'at_home'; readonly home: Home }
  | { readonly status: 'not_dead' | 'busy' | 'stale' };

/**
 * Brings a letter, and with it the others of its call, to where its call is at home now; so that a replay only ever
 * happens there, and finds all that is known of the call. Of an undivided channel nothing is looked at.
 *
 * @param edited what is sent in place of its event: it may be of another call
 */
export async function bringLetter(
  redis: RedisConnection,
  channel: string,
  layout: Layout,
  { jobId, edited }: { jobId: string; edited: Readonly<Record<string, unknown>> | undefined },
): Promise<LetterPlace> {
  const all = allHomes(channel, layout);
  if (all.length === 1) return { status: 'at_home', home: channel };
  const scores = await Promise.all(all.map((home) => redis.zscore(queueKey(home, 'failed'), jobId)));
  const found = all.filter((_, index) => scores[index] !== null);
  const [first] = found;
  if (first === undefined) return { status: 'not_dead' };
  const callBefore = callOf(json(await redis.hget(queueKey(first, jobId), 'data')));
  const call = edited === undefined ? callBefore : callOf(edited);
  const home = homeOfLetter(channel, layout, first, call);
  if (call !== null) {
    const before = pathOfCall(channel, layout, call).filter((other) => other !== home);
    const status = await leaveHomes(redis, before, { call, home, generation: layout.generation });
    if (status !== 'left') return { status };
  }
  for (const other of found) {
    if (other === home) continue;
    const move = { from: other, generation: layout.generation, withCall: call === callBefore };
    const { held } = await moveLetters(redis, move, [jobId], () => home);
    if (held > 0) return { status: 'busy' };
  }
  return { status: 'at_home', home };
}

/**
 * KEYS settings. ARGV prefix, generation, call. Whoever comes with an older generation can open no lane here any more (see
 * `add-lua.ts`), so that a lane which is gone stays gone.
 */
const HAS_LEFT = `
${LANE_LUA.HAS_LANE}
local known = tonumber(redis.call('HGET', KEYS[1], '${GENERATION_SETTING}') or 0)
if known > tonumber(ARGV[2]) then return 'stale' end
if known < tonumber(ARGV[2]) then redis.call('HSET', KEYS[1], '${GENERATION_SETTING}', ARGV[2]) end
return hasLane(ARGV[1], ARGV[3]) and 'busy' or 'left'`;

/** Of a call that has no events at these homes any more, the letters leave too. */
async function leaveHomes(
  redis: RedisConnection,
  before: readonly Home[],
  { call, home, generation }: { call: string; home: Home; generation: number },
): Promise<'left' | 'busy' | 'stale'> {
  for (const other of before) {
    const { settings } = laneKeys(other);
    const answer = await redis.eval(HAS_LEFT, 1, settings, queueKey(other, ''), generation, call);
    if (answer !== 'left') return answer as 'busy' | 'stale';
    await healIndex(redis, other);
    const members = await redis.zrangebylex(letterKeys(other).byCall, ...callRange(call));
    const jobIds = members.map((member) => member.slice(call.length + 1));
    const move = { from: other, generation };
    await moveLetters(redis, move, jobIds, (ofLetter) => (ofLetter === call ? home : other));
  }
  return 'left';
}
