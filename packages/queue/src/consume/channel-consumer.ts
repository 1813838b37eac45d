import { setTimeout as sleep } from 'node:timers/promises';
import type { AttemptRecord } from '@callpost/domain';
import type { Job } from 'bullmq';
import type { ChannelBrake } from '../brake/channel-brake.js';
import { readMarks } from '../event-marks.js';
import { laneKeys, MAX_HOLD_SETTING, PARKED } from '../lanes/lane-keys.js';
import { type Turn, takeTurn } from '../lanes/take-turn.js';
import { attemptsOf, createLetter, type DeadLetter } from '../letters/dead-letter.js';
import { indexLetters } from '../letters/letter-index.js';
import { CHANNELS_KEY, queueName } from '../names.js';
import type { RedisConnection } from '../redis.js';
import { writeResult } from '../replay/run-results.js';
import { EventWorker } from './event-worker.js';
import { createInterrupts, type Interrupt } from './interrupt.js';
import { backoffSettings, giveUpDoubtful, isUnforeseen, leaveAsItIs, settle } from './settle.js';
import type { Deliver, Settlement, TakenEvent } from './taken-event.js';

export interface ChannelConsumerOptions {
  readonly channel: string;
  /** Made by `connectRedis(url, 'worker')`; several consumers may share it. */
  readonly redis: RedisConnection;
  readonly deliver: Deliver;
  /** Events in flight at a time, in this process. */
  readonly concurrency: number;
  /** Over all workers together; null for no limit. */
  readonly maxPerSecond: number | null;
  /** How long a worker that stops answering keeps its events. At least twice the longest attempt. */
  readonly lockDurationMs: number;
  /** How long the id of a delivered event is remembered, so that a second event with it is a duplicate. */
  readonly dedupWindowMs: number;
  /** How long an event waits for earlier ones of its call, without the time that the channel itself was stopped. */
  readonly laneMaxHoldMs: number;
  /** How long, in ms, the channel took no events since then (Unix ms). */
  readonly stoppedMsSince: (sinceMs: number) => number;
  /** Says when events may be taken; absent: always. What is posted, `deliver` asks it for and tells it. */
  readonly brake?: ChannelBrake;
  readonly observer: ConsumerObserver;
  readonly now: () => number;
}

export interface ConsumerObserver {
  /** An event became a dead letter without an attempt of ours, since each worker that took it died. */
  onStalledToDeath(taken: TakenEvent): void;
  /** A worker, perhaps another one, lost its hold on an event; the event is waiting again. */
  onStalled(jobId: string): void;
  /** Of Redis or BullMQ. */
  onError(error: Error): void;
  /** The delivery threw, which it must not; the event is tried again later. */
  onDefect(error: Error): void;
}

export interface ChannelConsumer {
  readonly channel: string;
  start(): void;
  /**
   * Takes no more events; settles those in flight, and after `graceMs` hands them back. With Redis away it waits for it,
   * but only for what it holds, and not longer than {@link HAND_BACK_MS} beyond the grace.
   *
   * @returns how many events it still holds; they are taken up by another worker when their locks have run out
   */
  stop(graceMs: number): Promise<number>;
}

/** After the grace of a stop: for Redis to take events back, or to be there again. */
export const HAND_BACK_MS = 3_000;

/** An event whose worker died this many times is not tried again: it is probably what kills them. */
const MAX_STALLS = 25;
/** BullMQ's wait before it tries a failed Redis command again; its own default of 15 s would be a pause in delivery. */
const REDIS_RETRY_MS = 1_000;
/** An event whose wait is over, while one before it is just being sent, looks again after this. */
const LOOK_AGAIN_MS = 1_000;
const HANDED_BACK: Settlement = { outcome: 'interrupted', reason: 'shutdown', mayHaveArrived: false };
const FREE: Turn = { status: 'turn', overtaken: 0 };

/** Takes the events of one channel, hands each to `deliver`, and settles it by what comes back. */
export function createChannelConsumer(options: ChannelConsumerOptions): ChannelConsumer {
  const { channel, redis, deliver, observer, now } = options;

  /** What was asked for just before may come only now. */
  let isGraceOver = false;
  const interrupts = createInterrupts();

  async function process(job: Job, token?: string): Promise<void> {
    if (token === undefined) throw new TypeError('BullMQ gives a token');
    await interrupts.during(job.id ?? '', (interrupt) => work(job, token, interrupt));
  }

  async function work(job: Job, token: string, interrupt: Interrupt): Promise<void> {
    if (isGraceOver) return settle(job, token, HANDED_BACK);
    if (isLockDoubtful(job, options, now())) return giveUpDoubtful(job, token);
    const turn = job.name === PARKED ? await askForTurn(job, token) : FREE;
    if (turn.status !== 'turn') return leaveAsItIs();
    const settlement = await deliver(takenEvent(job, turn.overtaken), interrupt);
    await beforeSettling(job, settlement).catch(observer.onError);
    await settle(job, token, settlement);
  }

  /** Of a parked event that came back by its timer. The time that it waited for the channel is not the call's fault. */
  function askForTurn(job: Job, token: string): Promise<Turn> {
    const { queuedAtMs } = takenEvent(job);
    const holdEndsAtMs = queuedAtMs + options.laneMaxHoldMs + options.stoppedMsSince(queuedAtMs);
    const isHoldOver = now() >= holdEndsAtMs;
    const lookAgainAtMs = isHoldOver ? now() + LOOK_AGAIN_MS : holdEndsAtMs;
    return takeTurn(redis, { channel, jobId: job.id ?? '', token, isHoldOver, lookAgainAtMs });
  }

  /** Hints, both of them: without them the event is settled all the same. */
  async function beforeSettling(job: Job, settlement: Settlement): Promise<void> {
    if (settlement.outcome === 'dead') {
      await indexLetters(redis, channel, [dyingLetter(channel, job, settlement.record, now())]);
    }
    await tellRun(job, settlement);
  }

  /** The replay run that sent the event learns what became of it. */
  async function tellRun(job: Job, { outcome }: Settlement): Promise<void> {
    const { runId } = readMarks(job.progress);
    if (runId === undefined || (outcome !== 'delivered' && outcome !== 'dead')) return;
    const result = outcome === 'dead' ? 'dead_again' : outcome;
    await writeResult(redis, { channel, runId, jobId: job.id ?? '', result });
  }

  const { brake, maxPerSecond } = options;
  const limiter = maxPerSecond === null ? undefined : { max: maxPerSecond, duration: 1_000 };
  const worker = new EventWorker(
    queueName(channel),
    process,
    {
      autorun: false,
      connection: redis,
      concurrency: options.concurrency,
      // A lock that was lost is noticed, and its attempt interrupted, before a check can give the event to another
      // worker: that takes two checks, and between any two every lock is renewed.
      lockDuration: options.lockDurationMs,
      lockRenewTime: options.lockDurationMs / 4,
      stalledInterval: options.lockDurationMs / 2,
      maxStalledCount: MAX_STALLS,
      runRetryDelay: REDIS_RETRY_MS,
      settings: backoffSettings,
      ...(limiter === undefined ? {} : { limiter }),
    },
    brake,
  );
  brake?.follow((limit, rate) => {
    // BullMQ wants at least 1 of both; the gate is what keeps events back.
    worker.concurrency = Math.max(1, limit);
    // BullMQ reads it anew with each event it takes.
    if (limiter !== undefined) limiter.max = Math.max(1, Math.round((maxPerSecond ?? 0) * rate));
  });
  worker.backend.dedupWindowMs = options.dedupWindowMs;
  worker.on('error', (error) => observer.onError(error));
  worker.on('stalled', (jobId) => observer.onStalled(jobId));
  worker.on('lockRenewalFailed', (jobIds) => {
    interrupts.raise('lock_lost', jobIds);
  });
  worker.on('failed', (job, error) => {
    if (isUnforeseen(error)) observer.onDefect(error);
    if (job?.finishedOn && job.deferredFailure) observer.onStalledToDeath(takenEvent(job));
  });

  return {
    channel,
    start() {
      redis.sadd(CHANNELS_KEY, channel).catch((error: Error) => observer.onError(error));
      redis
        .hset(laneKeys(channel).settings, MAX_HOLD_SETTING, options.laneMaxHoldMs)
        .catch((error: Error) => observer.onError(error));
      worker.run().catch((error: Error) => observer.onError(error));
    },
    async stop(graceMs) {
      worker.backend.stopTaking();
      const interrupt = setTimeout(() => {
        isGraceOver = true;
        interrupts.raise('shutdown');
      }, graceMs);
      const tooLate = sleep(graceMs + HAND_BACK_MS, undefined, { ref: false });
      const ended = worker.close().then(() => worker.backend.lateEventIsBack());
      await Promise.race([ended, tooLate]);
      clearTimeout(interrupt);
      brake?.stop();
      return worker.heldCount();
    },
  };
}

/**
 * A process that was frozen between taking an event and posting it may have lost the event to another worker
 * meanwhile. Then it must not post: two workers would be posting the same event at a time.
 */
function isLockDoubtful(job: Job, { lockDurationMs }: ChannelConsumerOptions, nowMs: number): boolean {
  return nowMs - (job.processedOn ?? nowMs) > lockDurationMs / 2;
}

/** The letter that a job is about to become. */
function dyingLetter(channel: string, job: Job, record: AttemptRecord, diedAtMs: number): DeadLetter {
  return createLetter({
    channel,
    jobId: job.id ?? '',
    event: job.data,
    original: null,
    attempts: [...attemptsOf(job.stacktrace), record],
    timestamp: job.timestamp,
    diedAtMs,
    marks: readMarks(job.progress),
    hasStalled: job.stalledCounter > 0,
    isStalledToDeath: false,
  });
}

function takenEvent(job: Job, overtaken = 0): TakenEvent {
  const marks = readMarks(job.progress);
  const records = attemptsOf(job.stacktrace);
  return {
    jobId: job.id ?? '',
    data: job.data,
    attempt: job.attemptsMade + 1,
    enqueuedAtMs: job.timestamp,
    queuedAtMs: marks.replayedAtMs ?? job.timestamp,
    origin: marks.replayedAtMs === undefined ? 'live' : 'replay',
    possiblyDelivered:
      job.stalledCounter > 0 ||
      marks.possiblyDelivered === true ||
      records.some((record) => record.possiblyDelivered === true),
    overtaken,
    trace: job.opts.telemetry?.metadata ?? null,
  };
}
