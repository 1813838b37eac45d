import { Job } from 'bullmq';
import { readMarks } from '../event-marks.js';
import { openEventQueue } from '../event-queue.js';
import { LANE_FIELD, laneKeys } from '../lanes/lane-keys.js';
import { json, ORIGINAL_FIELD } from '../letters/dead-letter.js';
import { callOf } from '../letters/letter-entry.js';
import { unindexLetters } from '../letters/letter-index.js';
import { JOB_NAME, queueKey } from '../names.js';
import type { RedisConnection } from '../redis.js';
import { runKeys } from './run.js';

/**
 * `not_dead`: the letter was replayed, discarded or never there. `changed`: it is dead, but not of the death that was
 * meant: it was replayed and died again meanwhile. `newer_delivered`: its call goes on without it. `lease_lost`: the run
 * is carried out by another worker now. In all these cases nothing was changed.
 */
export type ReplayAnswer = 'replayed' | 'not_dead' | 'changed' | 'newer_delivered' | 'lease_lost';

interface ReplayOptions {
  /** The run this is part of, and the lease by which it is carried out; its result becomes `sent`. */
  readonly run?: { readonly id: string; readonly leaseToken: string };
  /** Unix ms: replay only if it died then. */
  readonly diedAtMs?: number;
  /** Replay only if no newer event of its call was delivered since it died, or is on its way. */
  readonly mustBeInOrder?: boolean;
  /** What to send in place of the event as it is; the id must be the same. */
  readonly editedEvent?: Readonly<Record<string, unknown>>;
}

export interface Replayer {
  /** Sends a dead letter again: the same job, the same event id, no attempts spent, behind live traffic. */
  replay(jobId: string, options?: ReplayOptions): Promise<ReplayAnswer>;
  close(): Promise<void>;
}

export interface ReplayerOptions {
  readonly redis: RedisConnection;
  readonly channel: string;
  /** Unix ms. */
  readonly now: () => number;
}

/** BullMQ takes jobs without a priority first, so a replay waits while live events do. */
const REPLAY_PRIORITY = 10;

/**
 * Everything that a letter carries into its replay, in one script and only while it is dead of the death that was seen:
 * a letter that is discarded meanwhile must not leave half a job behind. BullMQ never resets its count of stalls (stc):
 * the first one after a replay would be the last again. What is in the lane of its call already goes before it.
 * KEYS failed, job, delivered since, lease and results of the run, first and followers of the lane. ARGV job id, time of death, marks, priority, edited
 * data or '', field of the original, call or '', field of the call, by which the letter takes its place in the lane in
 * the moment it is moved, 1 to refuse what is out of order, token of the lease or ''.
 */
const PREPARE = `
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
if ARGV[10] ~= '' then redis.call('HSET', KEYS[5], ARGV[1], 'sent') end
if ARGV[5] ~= '' then
  redis.call('HSETNX', KEYS[2], ARGV[6], redis.call('HGET', KEYS[2], 'data') or 'null')
  redis.call('HSET', KEYS[2], 'data', ARGV[5])
end
redis.call('HSET', KEYS[2], 'progress', ARGV[3], 'priority', ARGV[4])
redis.call('HDEL', KEYS[2], 'stc')
if ARGV[7] ~= '' then redis.call('HSET', KEYS[2], ARGV[8], ARGV[7]) end
return 'replayed'`;

export function createReplayer({ redis, channel, now }: ReplayerOptions): Replayer {
  const queue = openEventQueue(redis, channel);
  const failedKey = queueKey(channel, 'failed');
  const { deliveredSince, firsts, followers } = laneKeys(channel);

  async function replay(jobId: string, options: ReplayOptions = {}): Promise<ReplayAnswer> {
    const jobKey = queueKey(channel, jobId);
    const [dead, fields] = await Promise.all([
      redis.zscore(failedKey, jobId),
      redis.hmget(jobKey, 'progress', 'stc', 'finishedOn', 'data'),
    ]);
    const [progress, stalls, diedAt, data] = fields;
    if (dead === null) return 'not_dead';
    if (options.diedAtMs !== undefined && Number(diedAt) !== options.diedAtMs) return 'changed';

    const { runId: _, ...marks } = readMarks(JSON.parse(progress ?? 'null'));
    const { editedEvent: edited, run, mustBeInOrder = false } = options;
    const keys = runKeys(channel, run?.id ?? '');
    const newMarks = {
      ...marks,
      ...(Number(stalls ?? 0) > 0 ? { possiblyDelivered: true } : {}),
      ...(edited === undefined ? {} : { editedAtMs: [...(marks.editedAtMs ?? []), now()] }),
      ...(run === undefined ? {} : { runId: run.id }),
      replayedAtMs: now(),
      replays: (marks.replays ?? 0) + 1,
    };
    const call = callOf(edited ?? json(data)) ?? '';
    const prepared = await redis.eval(
      PREPARE,
      7,
      failedKey,
      jobKey,
      deliveredSince,
      keys.lease,
      keys.results,
      firsts,
      followers(call),
      jobId,
      diedAt ?? '',
      JSON.stringify(newMarks),
      REPLAY_PRIORITY,
      edited === undefined ? '' : JSON.stringify(edited),
      ORIGINAL_FIELD,
      call,
      LANE_FIELD,
      mustBeInOrder ? 1 : 0,
      run?.leaseToken ?? '',
    );
    if (prepared !== 'replayed') return prepared as ReplayAnswer;
    // Before it leaves: afterwards it may die again at once, and would be taken out of the index with its new death.
    await unindexLetters(redis, channel, [jobId]);
    // A shell of the job: moving it needs only its id, and its data may not even be readable.
    const job = new Job<unknown>(queue, JOB_NAME, null, {}, jobId);
    try {
      await job.retry('failed', { resetAttemptsMade: true, resetAttemptsStarted: true });
    } catch (error) {
      if ((await redis.zscore(failedKey, jobId)) === null) return 'not_dead';
      throw error;
    }
    return 'replayed';
  }

  return { replay, close: () => queue.close() };
}
