import { queueKey } from '../names.js';
import type { RedisConnection } from '../redis.js';
import { RESULTS_SUFFIX, runKeys } from '../replay/run.js';
import { tellOfDiscard } from '../replay/run-results.js';
import type { Home } from '../shards/layout.js';
import { readEntries, unindexLetters } from './letter-index.js';
import { LEFT_MS, letterKeys } from './letter-keys.js';
import { forgetCalls } from './newer-delivered.js';
import { homesOfLetters } from './over-homes.js';

/** `not_dead`: the letter was replayed, discarded or never there, or has died anew; nothing was changed. */
export type DiscardAnswer = 'discarded' | 'not_dead';

export interface Discarder {
  /**
   * Removes a dead letter for good, with its evidence. Its event id is free again: the producer may send it anew.
   *
   * @param diedAtMs remove it only if it died then; absent: of whatever death
   */
  discard(jobId: string, diedAtMs?: number): Promise<DiscardAnswer>;
  close(): Promise<void>;
}

/**
 * Look and remove in one script: BullMQ's own removal takes a job out of any state, so a letter that is replayed between
 * a look and a removal would be lost. A run that was about to send it is told, or it would take the letter's absence for
 * its delivery: at once where the run is kept at the same home, else right after. So is a move that is just copying it.
 * KEYS failed, job, how it left. ARGV job id, time of death or '', prefix of the keys of runs or '' when they are elsewhere.
 * Returns the id of the run, '' for none.
 */
const DISCARD = `
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
if ARGV[2] ~= '' and redis.call('HGET', KEYS[2], 'finishedOn') ~= ARGV[2] then return 0 end
local isJson, marks = pcall(cjson.decode, redis.call('HGET', KEYS[2], 'progress') or '')
local runId = isJson and type(marks) == 'table' and type(marks.runId) == 'string' and marks.runId or ''
if runId ~= '' and ARGV[3] ~= '' then
  local results = ARGV[3] .. runId .. '${RESULTS_SUFFIX}'
  if redis.call('HGET', results, ARGV[1]) == 'sent' then
    redis.call('HSET', results, ARGV[1], 'skipped:discarded')
  end
end
redis.call('SET', KEYS[3], 'discarded', 'PX', ${LEFT_MS})
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[2], KEYS[2] .. ':logs', KEYS[2] .. ':lock')
return runId`;

export function createDiscarder({ redis, channel }: { redis: RedisConnection; channel: string }): Discarder {
  const { run: runPrefix } = runKeys(channel, '');

  async function discardAt(home: Home, jobId: string, death: string): Promise<boolean> {
    const { failed, letter, left } = letterKeys(home);
    const prefix = home === channel ? runPrefix : '';
    const [entry] = await readEntries(redis, home, [jobId]);
    const keys = [failed, letter(jobId), left(jobId)];
    const runId = await redis.eval(DISCARD, keys.length, ...keys, jobId, death, prefix);
    if (typeof runId !== 'string') return false;
    if (runId !== '' && home !== channel) await tellOfDiscard(redis, { channel, runId, jobId });
    await unindexLetters(redis, home, [jobId]);
    if (entry?.call) await forgetCalls(redis, home, [entry.call]);
    return true;
  }

  /** One that is just being moved is at two homes: first where it is moved from, or it would come back from there. */
  async function homesOfLetter(jobId: string): Promise<Home[]> {
    const homes = await homesOfLetters(redis, channel);
    if (homes.length === 1) return homes;
    const places = await Promise.all(homes.map((home) => redis.zscore(queueKey(home, 'failed'), jobId)));
    return homes.filter((_, index) => places[index] !== null).reverse();
  }

  return {
    async discard(jobId, diedAtMs) {
      const death = diedAtMs === undefined ? '' : String(diedAtMs);
      let isDiscarded = false;
      for (const home of await homesOfLetter(jobId)) {
        if (await discardAt(home, jobId, death)) isDiscarded = true;
      }
      return isDiscarded ? 'discarded' : 'not_dead';
    },
    close: () => Promise.resolve(),
  };
}
