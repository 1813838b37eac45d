import { GENERATION_SETTING, LANE_FIELD, laneKeys } from '../lanes/lane-keys.js';
import { ORIGINAL_FIELD } from '../letters/dead-letter.js';
import { queueKey } from '../names.js';
import type { RedisConnection } from '../redis.js';
import { channelOf, type Home } from '../shards/layout.js';
import { runKeys } from './run.js';

export interface PreparedReplay {
  /** Where the letter is, and its call is at home. */
  readonly home: Home;
  /** Of the layout by which that is so. */
  readonly generation: number;
  readonly jobId: string;
  /** Unix ms as text: of the death that was seen. */
  readonly diedAt: string;
  /** JSON. */
  readonly marks: string;
  /** JSON of what is sent in place of the event; null: the event as it is. */
  readonly edited: string | null;
  readonly call: string | null;
  readonly mustBeInOrder: boolean;
  /** The run it is part of, and the lease by which that is carried out. */
  readonly run: { readonly id: string; readonly leaseToken: string } | undefined;
}

/** BullMQ takes jobs without a priority first, so a replay waits while live events do. */
const REPLAY_PRIORITY = 10;

/**
 * Everything that a letter carries into its replay, in one script and only while it is dead of the death that was seen:
 * a letter that is discarded meanwhile must not leave half a job behind. BullMQ never resets its count of stalls (stc):
 * the first one after a replay would be the last again. What is in the lane of its call already goes before it.
 * KEYS failed, job, delivered since, lease (or fence) and results of the run, first and followers of the lane, settings.
 * ARGV job id, time of death, marks, priority, edited data or '', field of the original, call or '', field of the call, by
 * which the letter takes its place in the lane in the moment it is moved, 1 to refuse what is out of order, token of the
 * lease or '', 1 if the results are kept here, generation of the layout.
 */
const PREPARE = `
if (tonumber(redis.call('HGET', KEYS[8], '${GENERATION_SETTING}') or 0) or 0) > tonumber(ARGV[12]) then return 'stale' end
if ARGV[10] ~= '' and redis.call('GET', KEYS[4]) ~= ARGV[10] then return 'lease_lost' end
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 'not_dead' end
if redis.call('HGET', KEYS[2], 'finishedOn') ~= ARGV[2] then return 'changed' end
if ARGV[9] == '1' then
  local order = tonumber(redis.call('HGET', KEYS[2], 'timestamp'))
  local newest = redis.call('HGET', KEYS[3], ARGV[7])
  local last = redis.call('LINDEX', KEYS[7], -1) or redis.call('HGET', KEYS[6], ARGV[7])
  local onItsWay = last and redis.call('HGET', string.sub(KEYS[2], 1, -1 - #ARGV[1]) .. last, 'timestamp')
  if (tonumber(newest or 0) or 0) > order or (tonumber(onItsWay or 0) or 0) > order then return 'newer_delivered' end
end
if ARGV[10] ~= '' and ARGV[11] == '1' then redis.call('HSET', KEYS[5], ARGV[1], 'sent') end
if ARGV[5] ~= '' then
  redis.call('HSETNX', KEYS[2], ARGV[6], redis.call('HGET', KEYS[2], 'data') or 'null')
  redis.call('HSET', KEYS[2], 'data', ARGV[5])
end
redis.call('HSET', KEYS[2], 'progress', ARGV[3], 'priority', ARGV[4])
redis.call('HDEL', KEYS[2], 'stc')
if ARGV[7] ~= '' then redis.call('HSET', KEYS[2], ARGV[8], ARGV[7]) end
return 'replayed'`;

/** `stale`: there is a newer layout. The others are those of a replay; `replayed`: it may be moved. */
export async function prepareReplay(
  redis: RedisConnection,
  { home, generation, jobId, diedAt, marks, edited, call, mustBeInOrder, run }: PreparedReplay,
): Promise<'replayed' | 'not_dead' | 'changed' | 'newer_delivered' | 'lease_lost' | 'stale'> {
  const { deliveredSince, firsts, followers, settings } = laneKeys(home);
  const ofRun = runKeys(home, run?.id ?? '');
  return (await redis.eval(
    PREPARE,
    8,
    queueKey(home, 'failed'),
    queueKey(home, jobId),
    deliveredSince,
    ofRun.lease,
    ofRun.results,
    firsts,
    followers(call ?? ''),
    settings,
    jobId,
    diedAt,
    marks,
    REPLAY_PRIORITY,
    edited ?? '',
    ORIGINAL_FIELD,
    call ?? '',
    LANE_FIELD,
    mustBeInOrder ? 1 : 0,
    run?.leaseToken ?? '',
    home === channelOf(home) ? 1 : 0,
    generation,
  )) as Awaited<ReturnType<typeof prepareReplay>>;
}
