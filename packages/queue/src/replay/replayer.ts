import { Job } from 'bullmq';
import { readMarks } from '../event-marks.js';
import { type EventQueue, openEventQueue } from '../event-queue.js';
import { json } from '../letters/dead-letter.js';
import { callOf } from '../letters/letter-entry.js';
import { unindexLetters } from '../letters/letter-index.js';
import { JOB_NAME, queueKey } from '../names.js';
import type { RedisConnection } from '../redis.js';
import { bringLetter } from '../shards/bring-letter.js';
import { type Home, readLayout } from '../shards/layout.js';
import { prepareReplay } from './prepare-replay.js';
import { writeResultsAsHolder } from './run-results.js';

/**
 * `not_dead`: the letter was replayed, discarded or never there. `changed`: it is dead, but not of the death that was
 * meant: it was replayed and died again meanwhile. `newer_delivered`: its call goes on without it. `busy`: events of its
 * call are still on their way where the call was at home before the channel was divided anew, and it has to wait for
 * them. `lease_lost`: the run is carried out by another worker now. In all these cases nothing was sent.
 */
export type ReplayAnswer = 'replayed' | 'not_dead' | 'changed' | 'newer_delivered' | 'busy' | 'lease_lost';

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

/** Between two of which a layout may have been replaced. */
const TRIES = 3;

export function createReplayer({ redis, channel, now }: ReplayerOptions): Replayer {
  const queues = new Map<Home, EventQueue>([[channel, openEventQueue(redis, channel)]]);

  function queueOf(home: Home): EventQueue {
    const queue = queues.get(home) ?? openEventQueue(redis, home);
    queues.set(home, queue);
    return queue;
  }

  async function replay(jobId: string, options: ReplayOptions = {}): Promise<ReplayAnswer> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const layout = await readLayout(redis, channel);
      const place = await bringLetter(redis, channel, layout, { jobId, edited: options.editedEvent });
      const answer =
        place.status === 'at_home'
          ? await replayAt(place.home, layout.generation, jobId, options)
          : place.status;
      if (answer !== 'stale') return answer;
    }
    throw new Error(`the queues of the channel ${channel} know a newer layout than is stored`);
  }

  async function replayAt(
    home: Home,
    generation: number,
    jobId: string,
    options: ReplayOptions,
  ): Promise<ReplayAnswer | 'stale'> {
    const failedKey = queueKey(home, 'failed');
    const [dead, fields] = await Promise.all([
      redis.zscore(failedKey, jobId),
      redis.hmget(queueKey(home, jobId), 'progress', 'stc', 'finishedOn', 'data'),
    ]);
    const [progress, stalls, diedAt, data] = fields;
    if (dead === null) return 'not_dead';
    if (options.diedAtMs !== undefined && Number(diedAt) !== options.diedAtMs) return 'changed';

    const { runId: _, ...marks } = readMarks(JSON.parse(progress ?? 'null'));
    const { editedEvent: edited, run, mustBeInOrder = false } = options;
    const newMarks = {
      ...marks,
      ...(Number(stalls ?? 0) > 0 ? { possiblyDelivered: true } : {}),
      ...(edited === undefined ? {} : { editedAtMs: [...(marks.editedAtMs ?? []), now()] }),
      ...(run === undefined ? {} : { runId: run.id }),
      replayedAtMs: now(),
      replays: (marks.replays ?? 0) + 1,
    };
    const prepared = await prepareReplay(redis, {
      home,
      generation,
      jobId,
      diedAt: diedAt ?? '',
      marks: JSON.stringify(newMarks),
      edited: edited === undefined ? null : JSON.stringify(edited),
      call: callOf(edited ?? json(data)),
      mustBeInOrder,
      run,
    });
    if (prepared !== 'replayed') return prepared;
    // Where the run is kept elsewhere. A letter that was prepared and not moved is dead as before.
    if (run !== undefined && home !== channel) {
      const holder = { channel, runId: run.id, token: run.leaseToken };
      await writeResultsAsHolder(redis, holder, [[jobId, 'sent']]);
    }
    // Before it leaves: afterwards it may die again at once, and would be taken out of the index with its new death.
    await unindexLetters(redis, home, [jobId]);
    // A shell of the job: moving it needs only its id, and its data may not even be readable.
    const job = new Job<unknown>(queueOf(home), JOB_NAME, null, {}, jobId);
    try {
      await job.retry('failed', { resetAttemptsMade: true, resetAttemptsStarted: true });
    } catch (error) {
      if ((await redis.zscore(failedKey, jobId)) === null) return 'not_dead';
      throw error;
    }
    return 'replayed';
  }

  return {
    replay,
    async close() {
      await Promise.all([...queues.values()].map((queue) => queue.close()));
    },
  };
}
