import { setTimeout as sleep } from 'node:timers/promises';
import type { AttemptRecord } from '@callpost/domain';
import type { Job } from 'bullmq';
import { readMarks } from '../event-marks.js';
import { PARKED } from '../lanes/lane-keys.js';
import { type Turn, takeTurn } from '../lanes/take-turn.js';
import { attemptsOf, createLetter, type DeadLetter } from '../letters/dead-letter.js';
import { callOf } from '../letters/letter-entry.js';
import { indexLetters } from '../letters/letter-index.js';
import { queueName } from '../names.js';
import { writeResult } from '../replay/run-results.js';
import type { Home } from '../shards/layout.js';
import type { ChannelConsumerOptions } from './consumer-options.js';
import { EventWorker } from './event-worker.js';
import { createInterrupts } from './interrupt.js';
import { backoffSettings, giveUpDoubtful, isUnforeseen, leaveAsItIs, settle } from './settle.js';
import type { SharedGate } from './shared-gate.js';
import type { Share } from './shares.js';
import type { Settlement, TakenEvent } from './taken-event.js';

export interface HomeConsumerOptions
  extends Omit<ChannelConsumerOptions, 'shards' | 'concurrency' | 'brake'> {
  readonly home: Home;
  readonly share: Share;
  /** One for all homes. */
  readonly gate: SharedGate | null;
}

export interface HomeConsumer {
  start(): void;
  use(share: Share): void;
  /** As that of the channel. */
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

/** Takes the events of one queue of a channel, hands each to `deliver`, and settles it by what comes back. */
export function createHomeConsumer(options: HomeConsumerOptions): HomeConsumer {
  const { channel, home, redis, deliver, observer, gate, now } = options;

  /** What was asked for just before may come only now. */
  let isGraceOver = false;
  const interrupts = createInterrupts();

  async function process(job: Job, token?: string): Promise<void> {
    if (token === undefined) throw new TypeError('BullMQ gives a token');
    const under = interrupts.begin(job.id ?? '');
    try {
      if (isGraceOver) return await settle(job, token, HANDED_BACK);
      if (isLockDoubtful(job, options, now())) return await giveUpDoubtful(job, token);
      const turn = job.name === PARKED ? await askForTurn(job, token) : FREE;
      if (turn.status !== 'turn') return leaveAsItIs();
      const settlement = await deliver(takenEvent(job, turn.overtaken), under.interrupt);
      if (!isTurnedAway(settlement)) gate?.onEnd();
      if (settlement.outcome === 'delivered' && !isOfRun(job)) return;
      await beforeSettling(job, settlement).catch(observer.onError);
      await settle(job, token, settlement);
    } finally {
      interrupts.end(under);
    }
  }

  /** Of a parked event that came back by its timer. The time that it waited for the channel is not the call's fault. */
  function askForTurn(job: Job, token: string): Promise<Turn> {
    const { queuedAtMs } = takenEvent(job);
    const holdEndsAtMs = queuedAtMs + options.laneMaxHoldMs + options.stoppedMsSince(queuedAtMs);
    const isHoldOver = now() >= holdEndsAtMs;
    const lookAgainAtMs = isHoldOver ? now() + LOOK_AGAIN_MS : holdEndsAtMs;
    const call = callOf(job.data);
    return takeTurn(redis, { home, jobId: job.id ?? '', call, token, isHoldOver, lookAgainAtMs });
  }

  /** Hints, both of them: without them the event is settled all the same. */
  async function beforeSettling(job: Job, settlement: Settlement): Promise<void> {
    if (settlement.outcome === 'dead') {
      await indexLetters(redis, home, [dyingLetter(channel, job, settlement.record, now())]);
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

  // Of a limiter, BullMQ reads both numbers anew with each event it takes.
  const limiter = options.share.limiter === null ? undefined : { ...options.share.limiter };
  const worker = new EventWorker(
    queueName(home),
    process,
    {
      autorun: false,
      connection: redis,
      concurrency: options.share.concurrency,
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
    gate?.of(() => interrupts.underWay() === 0),
  );
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
    start() {
      worker.run().catch((error: Error) => observer.onError(error));
    },
    use(share) {
      worker.concurrency = share.concurrency;
      if (limiter !== undefined) Object.assign(limiter, share.limiter);
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
      return worker.heldCount();
    },
  };
}

function isOfRun(job: Job): boolean {
  return readMarks(job.progress).runId !== undefined;
}

/** The brake did not let it be attempted; it had no place. */
function isTurnedAway(settlement: Settlement): boolean {
  return settlement.outcome === 'interrupted' && settlement.reason === 'channel_braked';
}

/**
 * A process that was frozen between taking an event and posting it may have lost the event to another worker
 * meanwhile. Then it must not post: two workers would be posting the same event at a time.
 */
function isLockDoubtful(job: Job, { lockDurationMs }: HomeConsumerOptions, nowMs: number): boolean {
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
