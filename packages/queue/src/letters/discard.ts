import { queueKey } from '../names.js';
import type { RedisConnection } from '../redis.js';
import { RESULTS_SUFFIX, runKeys } from '../replay/run.js';
import { readEntries, unindexLetters } from './letter-index.js';
import { forgetCalls } from './newer-delivered.js';

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
 * its delivery. KEYS failed, job. ARGV job id, time of death or '', prefix of the keys of runs.
 */
const DISCARD = `
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
if ARGV[2] ~= '' and redis.call('HGET', KEYS[2], 'finishedOn') ~= ARGV[2] then return 0 end
local isJson, marks = pcall(cjson.decode, redis.call('HGET', KEYS[2], 'progress') or '')
if isJson and type(marks) == 'table' and type(marks.runId) == 'string' then
  local results = ARGV[3] .. marks.runId .. '${RESULTS_SUFFIX}'
  if redis.call('HGET', results, ARGV[1]) == 'sent' then
    redis.call('HSET', results, ARGV[1], 'skipped:discarded')
  end
end
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[2], KEYS[2] .. ':logs', KEYS[2] .. ':lock')
return 1`;

export function createDiscarder({ redis, channel }: { redis: RedisConnection; channel: string }): Discarder {
  const failedKey = queueKey(channel, 'failed');
  const { run: runPrefix } = runKeys(channel, '');
  return {
    async discard(jobId, diedAtMs) {
      const death = diedAtMs === undefined ? '' : String(diedAtMs);
      const jobKey = queueKey(channel, jobId);
      const [entry] = await readEntries(redis, channel, [jobId]);
      const removed = await redis.eval(DISCARD, 2, failedKey, jobKey, jobId, death, runPrefix);
      if (removed !== 1) return 'not_dead';
      await unindexLetters(redis, channel, [jobId]);
      if (entry?.call) await forgetCalls(redis, channel, [entry.call]);
      return 'discarded';
    },
    close: () => Promise.resolve(),
  };
}
