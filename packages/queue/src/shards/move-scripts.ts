import { GENERATION_SETTING, laneKeys } from '../lanes/lane-keys.js';
import { LANE_LUA } from '../lanes/lane-lua.js';
import type { DeadLetter } from '../letters/dead-letter.js';
import { encodeCause, encodeEntry, entryOf } from '../letters/letter-entry.js';
import { UNINDEX_LUA } from '../letters/letter-index.js';
import { LEFT_KEY, LEFT_MS, letterKeys } from '../letters/letter-keys.js';
import { queueKey } from '../names.js';
import type { RedisConnection } from '../redis.js';
import type { CallsThere } from './calls-there.js';
import type { Home } from './layout.js';
import { type CarriedLetter, deathOf } from './read-carried.js';

export interface Load {
  readonly letters: readonly CarriedLetter[];
  /** Of this move; no other has the same. */
  readonly stamp: string;
  /** Of the layout by which it is made. */
  readonly generation: number;
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
  const { deliveredSince, settings } = laneKeys(home);
  const keys = [entries, indexed, byCall, causes, failed, deliveredSince, settings];
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
 *
 * Where a newer layout has come by, nothing is copied: this may be a home no more that anybody looks at.
 *
 * KEYS index (entries, indexed, by call, causes), failed, delivered since, settings. ARGV prefix of causes, prefix, time of
 * reading, how old that may be, stamp, generation; and for each letter its job id, score, time of death, call or '', what
 * was delivered of it since or '', entry or '', id and text of its cause, how many texts its fields are, and these.
 */
const COPY = `
${UNINDEX_LUA}
local prefix = ARGV[2]
if redis.call('TIME')[1] * 1000 - ARGV[3] > tonumber(ARGV[4]) then return false end
if tonumber(redis.call('HGET', KEYS[7], '${GENERATION_SETTING}') or 0) > tonumber(ARGV[6]) then return false end
local function isKnown(jobId)
  return redis.call('EXISTS', prefix .. jobId, prefix .. 'de:' .. jobId) > 0
end
local answers = {}
local at = 7
while at <= #ARGV do
  local jobId, score, death, call, mark, entry, causeId, cause, count = unpack(ARGV, at, at + 8)
  local isNew = not isKnown(jobId)
  answers[#answers + 1] = isNew and 1 or 0
  if isNew then
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
return answers`;

/** For each letter whether it was not known there, and was copied. Null: it is too late for any. */
export async function copyLetters(
  redis: RedisConnection,
  home: Home,
  { letters, calls, readAtMs, stamp, generation }: Load,
): Promise<boolean[] | null> {
  const packed = letters.flatMap((carried): Argument[] => {
    const { jobId, score, call, fields, letter } = carried;
    const entry = letter === null ? ['', '', ''] : entryTexts(letter);
    const texts = Object.entries(fields).flat();
    const mark = calls.get(call ?? '')?.deliveredSince ?? '';
    return [jobId, score, deathOf(carried), call ?? '', mark, ...entry, texts.length, ...texts];
  });
  const answers = await run(redis, COPY, home, [readAtMs, COPIED_WITHIN_MS, stamp, generation, ...packed]);
  return (answers as number[] | null)?.map((answer) => answer === 1) ?? null;
}

function entryTexts(letter: DeadLetter): string[] {
  return [encodeEntry(entryOf(letter)), letter.cause.id, encodeCause(letter.cause)];
}

/**
 * Of a call, what was delivered since is taken away with its letters, and so they are only while that is what was copied:
 * a delivery in between would be forgotten.
 * KEYS and prefixes as above. ARGV stamp; and for each letter its job id, time of death or '', stamp as it was read or '', call
 * or '', what was delivered of it since or ''.
 */
const REMOVE = `
${UNINDEX_LUA}
${LANE_LUA.HAS_LANE}
local prefix = ARGV[2]
local answers, calls = {}, {}
local function remove(jobId, death, stamp, call, mark)
  local jobKey = prefix .. jobId
  local isDead = redis.call('ZSCORE', KEYS[5], jobId)
  if not isDead and redis.call('EXISTS', jobKey) == 0 then
    local left = redis.call('GET', prefix .. '${LEFT_KEY}' .. jobId)
    if left == ARGV[3] then return 'removed' end
    if left == 'discarded' or redis.call('EXISTS', prefix .. 'de:' .. jobId) == 1 then return 'obsolete' end
    return left and 'taken' or 'gone'
  end
  local job = redis.call('HMGET', jobKey, 'finishedOn', '${STAMP_FIELD}')
  if not isDead or (job[1] or '') ~= death then return 'obsolete' end
  if call ~= '' and (hasLane(prefix, call) or (redis.call('HGET', KEYS[6], call) or '') ~= mark) then return 'held' end
  if (job[2] or '') ~= stamp then return 'held' end
  redis.call('SET', prefix .. '${LEFT_KEY}' .. jobId, ARGV[3], 'PX', ${LEFT_MS})
  redis.call('ZREM', KEYS[5], jobId)
  redis.call('DEL', jobKey, jobKey .. ':logs', jobKey .. ':lock')
  unindex(jobId)
  calls[#calls + 1] = call
  return 'removed'
end
for at = 4, #ARGV, 5 do answers[#answers + 1] = remove(unpack(ARGV, at, at + 4)) end
for _, call in ipairs(calls) do redis.call('HDEL', KEYS[6], call) end
return answers`;

/**
 * `held`: its call has gone on, or somebody has brought the letter there. `obsolete`: it was replayed, is of another death, or was
 * discarded. `taken`: another move has removed it. `gone`: it is not known why it is not there.
 */
type Removal = 'removed' | 'held' | 'obsolete' | 'taken' | 'gone';

/** For each letter what became of it. */
export async function removeLetters(
  redis: RedisConnection,
  home: Home,
  { letters, calls, stamp }: Load,
): Promise<Removal[]> {
  const packed = letters.flatMap((carried) => {
    const call = calls.get(carried.call ?? '');
    const aboutCall = call === undefined ? ['', ''] : [carried.call ?? '', call.deliveredSince];
    return [carried.jobId, deathOf(carried), carried.fields[STAMP_FIELD] ?? '', ...aboutCall];
  });
  return (await run(redis, REMOVE, home, [stamp, ...packed])) as Removal[];
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
