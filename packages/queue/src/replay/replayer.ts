import { Job } from 'bullmq';
import { openEventQueue } from '../event-backend.js';
import { readMarks } from '../event-marks.js';
import { LANE_FIELD } from '../lanes/lane-keys.js';
import { json, ORIGINAL_FIELD } from '../letters/dead-letter.js';
import { callOf } from '../letters/letter-entry.js';
import { unindexLetters } from '../letters/letter-index.js';
import { JOB_NAME, queueKey } from '../names.js';
import type { RedisConnection } from '../redis.js';

/**
 * `not_dead`: the letter was replayed, discarded or never there. `changed`: it is dead, but not of the death that was
 * meant: it was replayed and died again meanwhile. In both cases nothing was changed.
 */
export type ReplayAnswer = 'replayed' | 'not_dead' | 'changed';

interface ReplayOptions {
  /** The run this is part of. */
  readonly runId?: string;
  /** Unix ms: replay only if it died then. */
  readonly diedAtMs?: number;
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
 * the first one after a replay would be the last again.
 * KEYS failed, job. ARGV job id, time of death, marks, priority, edited data or '', field of the original, call or '',
 * field of the call, by which the letter takes its place in the lane in the moment it is moved.
 */
const PREPARE = `
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
if redis.call('HGET', KEYS[2], 'finishedOn') ~= ARGV[2] then return 0 end
if ARGV[5] ~= '' then
  redis.call('HSETNX', KEYS[2], ARGV[6], redis.call('HGET', KEYS[2], 'data') or 'null')
  redis.call('HSET', KEYS[2], 'data', ARGV[5])
end
redis.call('HSET', KEYS[2], 'progress', ARGV[3], 'priority', ARGV[4])
redis.call('HDEL', KEYS[2], 'stc')
if ARGV[7] ~= '' then redis.call('HSET', KEYS[2], ARGV[8], ARGV[7]) end
return 1`;

export function createReplayer({ redis, channel, now }: ReplayerOptions): Replayer {
  const queue = openEventQueue(redis, channel);
  const failedKey = queueKey(channel, 'failed');

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
    const edited = options.editedEvent;
    const newMarks = {
      ...marks,
      ...(Number(stalls ?? 0) > 0 ? { possiblyDelivered: true } : {}),
      ...(edited === undefined ? {} : { editedAtMs: [...(marks.editedAtMs ?? []), now()] }),
      ...(options.runId === undefined ? {} : { runId: options.runId }),
      replayedAtMs: now(),
      replays: (marks.replays ?? 0) + 1,
    };
    const prepared = await redis.eval(
      PREPARE,
      2,
      failedKey,
      jobKey,
      jobId,
      diedAt ?? '',
      JSON.stringify(newMarks),
      REPLAY_PRIORITY,
      edited === undefined ? '' : JSON.stringify(edited),
      ORIGINAL_FIELD,
      callOf(edited ?? json(data)) ?? '',
      LANE_FIELD,
    );
    if (prepared !== 1) return 'not_dead';
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
