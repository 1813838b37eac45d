import type { RedisConnection } from '../redis.js';
import type { Home } from '../shards/layout.js';
import type { DeadLetter } from './dead-letter.js';
import { decodeEntry, encodeCause, encodeEntry, entryOf, type LetterEntry } from './letter-entry.js';
import { callMember, type LetterKeys, letterKeys } from './letter-keys.js';

/*
 * By what letters are found. The index is a hint: it is written before a letter is moved to the failed set, and whoever
 * reads checks against the letter itself; `heal-index.ts` puts right what is missing, left over or broken.
 */

type Transaction = ReturnType<RedisConnection['multi']>;

export async function indexLetters(
  redis: RedisConnection,
  home: Home,
  letters: readonly DeadLetter[],
): Promise<void> {
  if (letters.length === 0) return;
  const keys = letterKeys(home);
  const jobIds = letters.map(({ jobId }) => jobId);
  const before = await readEntries(redis, home, jobIds);
  // All at once, or who counts meanwhile would find an index that contradicts itself.
  const transaction = redis.multi();
  for (const [index, letter] of letters.entries()) {
    removeEntry(transaction, keys, letter.jobId, before[index] ?? null);
    addEntry(transaction, keys, letter);
  }
  await execute(transaction);
}

/** For scripts whose first KEYS are entries, indexed, by call, and whose first of ARGV is the prefix of causes. */
export const UNINDEX_LUA = `
local function unindex(jobId)
  local isJson, entry = pcall(cjson.decode, redis.call('HGET', KEYS[1], jobId) or '')
  redis.call('HDEL', KEYS[1], jobId)
  redis.call('ZREM', KEYS[2], jobId)
  if isJson and type(entry) == 'table' and type(entry[1]) == 'string' then
    local call = type(entry[4]) == 'string' and entry[4] or ''
    redis.call('ZREM', ARGV[1] .. entry[1], jobId)
    redis.call('ZREM', KEYS[3], call .. '\\0' .. jobId)
  end
end`;

/** KEYS entries, indexed, by call. ARGV prefix of causes, job ids. */
const UNINDEX = `
${UNINDEX_LUA}
for index = 2, #ARGV do unindex(ARGV[index]) end
return 0`;

/** Takes letters out of the index that leave the failed set, by a replay or for good. */
export async function unindexLetters(
  redis: RedisConnection,
  home: Home,
  jobIds: readonly string[],
): Promise<void> {
  const { entries, indexed, byCall, ofCause } = letterKeys(home);
  for (let start = 0; start < jobIds.length; start += UNINDEXED_AT_ONCE) {
    const some = jobIds.slice(start, start + UNINDEXED_AT_ONCE);
    await redis.eval(UNINDEX, 3, entries, indexed, byCall, ofCause(''), ...some);
  }
}

/** A script keeps everybody else waiting. */
const UNINDEXED_AT_ONCE = 500;

/** In the order of the ids; null where there is no readable entry. */
export async function readEntries(
  redis: RedisConnection,
  home: Home,
  jobIds: readonly string[],
): Promise<(LetterEntry | null)[]> {
  if (jobIds.length === 0) return [];
  const texts = await redis.hmget(letterKeys(home).entries, ...jobIds);
  return texts.map(decodeEntry);
}

function addEntry(transaction: Transaction, keys: LetterKeys, letter: DeadLetter): void {
  const { jobId, cause, diedAtMs } = letter;
  transaction.hset(keys.entries, jobId, encodeEntry(entryOf(letter)));
  transaction.hset(keys.causes, cause.id, encodeCause(cause));
  transaction.zadd(keys.ofCause(cause.id), diedAtMs, jobId);
  transaction.zadd(keys.byCall, 0, callMember(letter.call, jobId));
  transaction.zadd(keys.indexed, diedAtMs, jobId);
}

function removeEntry(
  transaction: Transaction,
  keys: LetterKeys,
  jobId: string,
  entry: LetterEntry | null,
): void {
  if (entry !== null) {
    transaction.zrem(keys.ofCause(entry.causeId), jobId);
    transaction.zrem(keys.byCall, callMember(entry.call, jobId));
  }
  transaction.hdel(keys.entries, jobId);
  transaction.zrem(keys.indexed, jobId);
}

/** @throws the first error of the commands */
async function execute(transaction: Transaction): Promise<void> {
  for (const [error] of (await transaction.exec()) ?? []) if (error) throw error;
}
