import { laneKeys } from '../lanes/lane-keys.js';
import { LANE_LUA } from '../lanes/lane-lua.js';
import type { DeadLetter } from '../letters/dead-letter.js';
import { encodeCause, encodeEntry, entryOf } from '../letters/letter-entry.js';
import { UNINDEX_LUA } from '../letters/letter-index.js';
import { letterKeys } from '../letters/letter-keys.js';
import { queueKey } from '../names.js';
import type { RedisConnection } from '../redis.js';
import type { CallsThere } from './calls-there.js';
import type { Home } from './layout.js';
import { type CarriedLetter, deathOf } from './read-carried.js';

export interface Load {
  readonly letters: readonly CarriedLetter[];
  /** Of this move; no other has the same. */
  readonly stamp: string;
  readonly calls: CallsThere;
  /** Unix ms by the Redis of the old home. */
  readonly readAtMs: number;
}

/**
 * Field of a moved letter: the stamp of the move that brought it, or would have. Where two move a letter in opposite
 * directions at a time, each finds it at its target already; so each stamps what it finds there, and removes its own only
 * if nobody has stamped that since it was read. Of all who move it round in a circle one at least is too late.
 */
const STAMP_FIELD = 'moved';

/**
 * A letter that was read long ago may have been moved by another since, sent, and forgotten: it must not come back. By the
 * clocks of two Redis servers, which may differ a little.
 */
const COPIED_WITHIN_MS = 60_000;

/** Of a home: its index, for {@link UNINDEX_LUA}, and what else the scripts below need. */
function keysOf(home: Home) {
  const { entries, indexed, byCall, causes, failed, ofCause } = letterKeys(home);
  const keys = [entries, indexed, byCall, causes, failed, laneKeys(home).deliveredSince];
  return { keys, prefixes: [ofCause(''), queueKey(home, '')] };
}

function run(redis: RedisConnection, script: string, home: Home, args: readonly Argument[]) {
  const { keys, prefixes } = keysOf(home);
  return redis.eval(script, keys.length, ...keys, ...prefixes, ...args);
}

type Argument = string | number | Buffer;

/**
 * With its index, since there must be no entry of a letter that is not there: readers take the repeat of a letter for the
 * letter.
 * KEYS index (entries, indexed, by call, causes), failed, delivered since. ARGV prefix of causes, prefix, time of reading,
 * how old that may be, stamp; and for each letter its job id, score, time of death, call or '', what was delivered of it
 * since or '', entry or '', id and text of its cause, how many texts its fields are, and these.
 */
const COPY = `
${UNINDEX_LUA}
local prefix = ARGV[2]
if redis.call('TIME')[1] * 1000 - ARGV[3] > tonumber(ARGV[4]) then return false end
local function isKnown(jobId)
  return redis.call('EXISTS', prefix .. jobId, prefix .. 'de:' .. jobId) > 0 or redis.call('ZSCORE', KEYS[5], jobId)
end
local at = 6
while at <= #ARGV do
  local jobId, score, death, call, mark, entry, causeId, cause, count = unpack(ARGV, at, at + 8)
  if not isKnown(jobId) then
    if tonumber(count) > 0 then redis.call('HSET', prefix .. jobId, unpack(ARGV, at + 9, at + 8 + count)) end
    redis.call('ZADD', KEYS[5], score, jobId)
    unindex(jobId)
    if entry ~= '' then
      redis.call('HSET', KEYS[1], jobId, entry)
      redis.call('ZADD', KEYS[2], death, jobId)
      redis.call('ZADD', KEYS[3], 0, call .. '\0' .. jobId)
      redis.call('HSET', KEYS[4], causeId, cause)
      redis.call('ZADD', ARGV[1] .. causeId, death, jobId)
    end
  end
  if redis.call('ZSCORE', KEYS[5], jobId) and redis.call('EXISTS', prefix .. jobId) == 1 then
    redis.call('HSET', prefix .. jobId, '${STAMP_FIELD}', ARGV[5])
  end
  if mark ~= '' then
    local here = redis.call('HGET', KEYS[6], call)
    if not here or tonumber(here) < tonumber(mark) then redis.call('HSET', KEYS[6], call, mark) end
  end
  at = at + 9 + count
end
return true`;

/** Of those that are not known there. False: it is too late, and nothing was copied. */
export async function copyLetters(
  redis: RedisConnection,
  home: Home,
  { letters, calls, readAtMs, stamp }: Load,
): Promise<boolean> {
  const packed = letters.flatMap((carried): Argument[] => {
    const { jobId, score, call, fields, letter } = carried;
    const entry = letter === null ? ['', '', ''] : entryTexts(letter);
    const texts = Object.entries(fields).flat();
    const mark = calls.get(call ?? '')?.deliveredSince ?? '';
    return [jobId, score, deathOf(carried), call ?? '', mark, ...entry, texts.length, ...texts];
  });
  return (await run(redis, COPY, home, [readAtMs, COPIED_WITHIN_MS, stamp, ...packed])) !== null;
}

function entryTexts(letter: DeadLetter): string[] {
  return [encodeEntry(entryOf(letter)), letter.cause.id, encodeCause(letter.cause)];
}

/**
 * Of a call, what was delivered since is taken away with its letters, and so they are only while that is what was copied:
 * a delivery in between would be forgotten.
 * KEYS and prefixes as above. ARGV for each letter its job id, time of death or '', stamp or '', call or '', what was
 * delivered of it since or ''.
 */
const REMOVE = `
${UNINDEX_LUA}
${LANE_LUA.HAS_LANE}
local prefix = ARGV[2]
local answers, calls = {}, {}
local function remove(jobId, death, stamp, call, mark)
  local jobKey = prefix .. jobId
  if call ~= '' and (hasLane(prefix, call) or (redis.call('HGET', KEYS[6], call) or '') ~= mark) then return 'held' end
  local isDead = redis.call('ZSCORE', KEYS[5], jobId)
  if not isDead and redis.call('EXISTS', jobKey) == 0 then return 'gone' end
  local job = redis.call('HMGET', jobKey, 'finishedOn', '${STAMP_FIELD}')
  if not isDead or (job[1] or '') ~= death then return 'other' end
  if (job[2] or '') ~= stamp then return 'held' end
  redis.call('ZREM', KEYS[5], jobId)
  redis.call('DEL', jobKey, jobKey .. ':logs', jobKey .. ':lock')
  unindex(jobId)
  calls[#calls + 1] = call
  return 'removed'
end
for at = 3, #ARGV, 5 do answers[#answers + 1] = remove(unpack(ARGV, at, at + 4)) end
for _, call in ipairs(calls) do redis.call('HDEL', KEYS[6], call) end
return answers`;

/**
 * `gone`: it was not there any more. `held`: its call has gone on, or somebody has brought the letter there. `other`: it was
 * replayed, or is of another death.
 */
type Removal = 'removed' | 'gone' | 'held' | 'other';

/** For each letter what became of it. */
export async function removeLetters(
  redis: RedisConnection,
  home: Home,
  { letters, calls }: Load,
): Promise<Removal[]> {
  const packed = letters.flatMap((carried) => {
    const call = calls.get(carried.call ?? '');
    const aboutCall = call === undefined ? ['', ''] : [carried.call ?? '', call.deliveredSince];
    return [carried.jobId, deathOf(carried), carried.fields[STAMP_FIELD] ?? '', ...aboutCall];
  });
  return (await run(redis, REMOVE, home, packed)) as Removal[];
}

/** KEYS and prefixes as above. ARGV stamp of the copies, and for each letter its job id, and its time of death or ''. */
const UNDO = `
${UNINDEX_LUA}
for at = 4, #ARGV, 2 do
  local jobId, jobKey = ARGV[at], ARGV[2] .. ARGV[at]
  local job = redis.call('HMGET', jobKey, 'finishedOn', '${STAMP_FIELD}')
  local isOurs = (job[1] or '') == ARGV[at + 1] and job[2] == ARGV[3]
  if isOurs and redis.call('ZSCORE', KEYS[5], jobId) then
    redis.call('ZREM', KEYS[5], jobId)
    redis.call('DEL', jobKey)
    unindex(jobId)
  end
end
return 0`;

export async function undoCopies(
  redis: RedisConnection,
  home: Home,
  letters: readonly CarriedLetter[],
  stamp: string,
): Promise<void> {
  const packed = letters.flatMap((carried) => [carried.jobId, deathOf(carried)]);
  await run(redis, UNDO, home, [stamp, ...packed]);
}
