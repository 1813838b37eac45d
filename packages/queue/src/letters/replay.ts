import { Job, Queue } from 'bullmq';
import { readMarks } from '../event-marks.js';
import { JOB_NAME, queueKey, queueName } from '../names.js';
import type { RedisConnection } from '../redis.js';
import { unindexLetters } from './letter-index.js';

/** `not_dead`: the letter was replayed, discarded or never there; nothing was changed. */
export type ReplayAnswer = 'replayed' | 'not_dead';

export interface Replayer {
  /** Sends a dead letter again: the same job, the same event id, no attempts spent, behind live traffic. */
  replay(jobId: string): Promise<ReplayAnswer>;
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

export function createReplayer({ redis, channel, now }: ReplayerOptions): Replayer {
  const queue = new Queue(queueName(channel), { connection: redis });
  queue.on('error', () => undefined);
  const failedKey = queueKey(channel, 'failed');

  async function replay(jobId: string): Promise<ReplayAnswer> {
    const jobKey = queueKey(channel, jobId);
    const [dead, [progress, stalls]] = await Promise.all([
      redis.zscore(failedKey, jobId),
      redis.hmget(jobKey, 'progress', 'stc'),
    ]);
    if (dead === null) return 'not_dead';
    // A shell of the job: these three commands need only its id, and its data may not even be readable.
    const job = new Job(queue, JOB_NAME, null, {}, jobId);
    const marks = readMarks(JSON.parse(progress ?? 'null'));
    const diedOfStalls = Number(stalls ?? 0) > 0 ? { possiblyDelivered: true } : {};
    await job.updateProgress({
      ...marks,
      ...diedOfStalls,
      replayedAtMs: now(),
      replays: (marks.replays ?? 0) + 1,
    });
    // BullMQ never resets its count of stalls: the first one after a replay would be the last again.
    await redis.hdel(jobKey, 'stc');
    await job.changePriority({ priority: REPLAY_PRIORITY });
    // Before it leaves: afterwards it may die again at once, and would be taken out of the index with its new death.
    await unindexLetters(redis, channel, [jobId]);
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
