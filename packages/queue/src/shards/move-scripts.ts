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
  readonly calls: CallsThere;
  /** Unix ms by the Redis of the old home. */
  readonly readAtMs: number;
}

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
 * how old that may be; and for each letter its job id, score, time of death, call or '', what was delivered of it since or
 * '', entry or '', id and text of its cause, how many texts its fields are, and these.
 */
const COPY = `
${UNINDEX_LUA}
local prefix = ARGV[2]
if redis.call('TIME')[1] * 1000 - ARGV[3] > tonumber(ARGV[4]) then return false end
local function isKnown(jobId)
  return redis.call('EXISTS', prefix .. jobId, prefix .. 'de:' .. jobId) > 0 or redis.call('ZSCORE', KEYS[5], jobId)
end
local answers = {}
local at = 5
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
  if mark ~= '' then
    local here = redis.call('HGET', KEYS[6], call)
    if not here or tonumber(here) < tonumber(mark) then redis.call('HSET', KEYS[6], call, mark) end
  end
  at = at + 9 + count
end
return answers`;

/** For each letter whether it was copied, and not known there; null: it is too late. */
export async function copyLetters(
  redis: RedisConnection,
  home: Home,
  { letters, calls, readAtMs }: Load,
): Promise<boolean[] | null> {
  const packed = letters.flatMap((carried): Argument[] => {
    const { jobId, score, call, fields, letter } = carried;
    const entry = letter === null ? ['', '', ''] : entryTexts(letter);
    const texts = Object.entries(fields).flat();
    const mark = calls.get(call ?? '')?.deliveredSince ?? '';
    return [jobId, score, deathOf(carried), call ?? '', mark, ...entry, texts.length, ...texts];
  });
  const answers = (await run(redis, COPY, home, [readAtMs, COPIED_WITHIN_MS, ...packed])) as number[] | null;
  return answers?.map((answer) => answer === 1) ?? null;
}

function entryTexts(letter: DeadLetter): string[] {
  return [encodeEntry(entryOf(letter)), letter.cause.id, encodeCause(letter.cause)];
}

/**
 * Of a call, what was delivered since is taken away with its letters, and so they are only while that is what was copied:
 * a delivery in between would be forgotten.
 * KEYS and prefixes as above. ARGV for each letter its job id, time of death or '', call or '', what was delivered of it
 * since or ''.
 */
const REMOVE = `
${UNINDEX_LUA}
${LANE_LUA.HAS_LANE}
local prefix = ARGV[2]
local answers, calls = {}, {}
local function remove(jobId, death, call, mark)
  local jobKey = prefix .. jobId
  if call ~= '' and (hasLane(prefix, call) or (redis.call('HGET', KEYS[6], call) or '') ~= mark) then return 'held' end
  local isDead = redis.call('ZSCORE', KEYS[5], jobId)
  if not isDead and redis.call('EXISTS', jobKey) == 0 then return 'gone' end
  if not isDead or (redis.call('HGET', jobKey, 'finishedOn') or '') ~= death then return 'other' end
  redis.call('ZREM', KEYS[5], jobId)
  redis.call('DEL', jobKey, jobKey .. ':logs', jobKey .. ':lock')
  unindex(jobId)
  calls[#calls + 1] = call
  return 'removed'
end
for at = 3, #ARGV, 4 do answers[#answers + 1] = remove(unpack(ARGV, at, at + 3)) end
for _, call in ipairs(calls) do redis.call('HDEL', KEYS[6], call) end
return answers`;

/** `gone`: it was not there any more. `held`: its call has gone on. `other`: it was replayed, or is of another death. */
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
    return [carried.jobId, deathOf(carried), ...aboutCall];
  });
  return (await run(redis, REMOVE, home, packed)) as Removal[];
}

/** KEYS and prefixes as above. ARGV for each letter its job id, and its time of death or ''. */
const UNDO = `
${UNINDEX_LUA}
for at = 3, #ARGV, 2 do
  local jobId, jobKey = ARGV[at], ARGV[2] .. ARGV[at]
  if redis.call('ZSCORE', KEYS[5], jobId) and (redis.call('HGET', jobKey, 'finishedOn') or '') == ARGV[at + 1] then
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
): Promise<void> {
  const packed = letters.flatMap((carried) => [carried.jobId, deathOf(carried)]);
  await run(redis, UNDO, home, packed);
}
