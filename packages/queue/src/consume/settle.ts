import { type AttemptRecord, HISTORY_LENGTH } from '@callpost/domain';
import {
  DelayedError,
  ErrorCode,
  type Job,
  type JobsOptions,
  UnrecoverableError,
  WaitingError,
  type WorkerOptions,
} from 'bullmq';
import { readMarks } from '../event-marks.js';
import type { Settlement } from './taken-event.js';

/*
 * The one place that turns a settlement into BullMQ's moves. BullMQ decides by what a processor throws and by the
 * options of the job, so both are set here, and no other file knows its error classes.
 *
 *   delivered    return                      completed and removed
 *   retry        throw RetryAt               delayed until then, one attempt spent
 *   dead         throw UnrecoverableError    the failed set, which is the dead-letter store
 *   interrupted  moveToWait + WaitingError   back to the head of the queue, no attempt spent
 *   channel held moveToDelayed, DelayedError  behind the others, so that the next probe is made with another event
 *   not its turn (moved already) DelayedError parked again, no attempt spent
 *
 * The record of the attempt travels as the error's stack: BullMQ appends it to the job's stack traces in the same
 * script that moves the job, so an event and its evidence cannot part.
 */

/**
 * Puts Callpost's policy on a job, whoever enqueued it. A plain producer's job has no attempts and no backoff, or even
 * a `removeOnFail` that would empty the whole dead-letter store; BullMQ reads these from the job at the time it moves
 * it, so what is set here wins.
 */
export function adoptPolicy(options: JobsOptions): void {
  options.attempts = Number.MAX_SAFE_INTEGER;
  options.backoff = { type: 'callpost' };
  options.removeOnComplete = true;
  options.removeOnFail = false;
  options.stackTraceLimit = HISTORY_LENGTH;
}

/** The backoff of {@link adoptPolicy}: the time was already decided by the verdict. It must never throw. */
export const backoffSettings = {
  backoffStrategy: (_attempts: number, _type: string | undefined, error: Error | undefined) =>
    error instanceof RetryAt ? Math.max(1, error.retryAtMs - Date.now()) : UNFORESEEN_RETRY_MS,
} satisfies WorkerOptions['settings'];

/** A defect of ours, such as an exception out of the delivery, costs the event an attempt but never its life. */
const UNFORESEEN_RETRY_MS = 30_000;

/** Whether a job failed for another reason than that {@link settle} wanted it to. */
export function isUnforeseen(error: Error): boolean {
  return !(error instanceof RetryAt || error instanceof UnrecoverableError);
}

const NO_LONGER_OURS: ReadonlySet<unknown> = new Set([
  ErrorCode.JobNotExist,
  ErrorCode.JobLockNotExist,
  ErrorCode.JobNotInState,
  ErrorCode.JobLockMismatch,
]);

/**
 * Whether BullMQ's scripts would not move a job since it was moved before: by another worker, or by ourselves with a
 * command whose answer was lost and that was therefore sent again.
 */
export function isNoLongerOurs(error: unknown): boolean {
  return error instanceof Error && 'code' in error && NO_LONGER_OURS.has(error.code);
}

/** Resolves when the event is delivered; rejects with what makes BullMQ do the settlement. */
export async function settle(job: Job, token: string, settlement: Settlement): Promise<void> {
  switch (settlement.outcome) {
    case 'delivered':
      return;
    case 'retry':
      throw new RetryAt(settlement.retryAtMs, settlement.record);
    case 'dead':
      throw withRecord(new UnrecoverableError(failedReason(settlement.record)), settlement.record);
    case 'interrupted':
      return goBack(job, token, settlement);
  }
}

/**
 * For an event that may or may not still be ours, and was not posted: back to the queue if it is, which the token in
 * BullMQ's script decides; otherwise another worker has it. Rejects always, like {@link settle}.
 */
export async function giveUpDoubtful(job: Job, token: string): Promise<never> {
  await job.moveToWait(token).catch(() => undefined);
  throw new WaitingError();
}

/** For an event that was put back where it waits, or that another worker has: nothing is left to do with it here. */
export function leaveAsItIs(): never {
  throw new DelayedError();
}

/** `http_422: HTTP 422 phone is invalid`: what dashboards of BullMQ show as the reason of a failure. */
function failedReason(record: AttemptRecord): string {
  const parts = [
    record.status && `HTTP ${record.status}`,
    record.code,
    record.excerpt,
    record.faults?.join('; '),
  ];
  return `${record.reason}: ${parts.filter(Boolean).join(' ').slice(0, FAILED_REASON_LENGTH)}`;
}

const FAILED_REASON_LENGTH = 300;

class RetryAt extends Error {
  readonly retryAtMs: number;

  constructor(retryAtMs: number, record: AttemptRecord) {
    super(failedReason(record));
    this.retryAtMs = retryAtMs;
    withRecord(this, record);
  }
}

function withRecord<E extends Error>(error: E, record: AttemptRecord): E {
  error.stack = JSON.stringify(record);
  return error;
}

async function goBack(
  job: Job,
  token: string,
  { reason, mayHaveArrived }: Extract<Settlement, { outcome: 'interrupted' }>,
): Promise<never> {
  // With the lock lost there is nothing to hand back: another worker has the event.
  if (reason === 'lock_lost') throw new WaitingError();
  if (reason === 'channel_held') {
    await job.moveToDelayed(Date.now() + HELD_BACK_MS, token);
    throw new DelayedError();
  }
  await handBack(job, token, mayHaveArrived);
  throw new WaitingError();
}

const HELD_BACK_MS = 1_000;

async function handBack(job: Job, token: string, mayHaveArrived: boolean): Promise<void> {
  if (mayHaveArrived) await job.updateProgress({ ...readMarks(job.progress), possiblyDelivered: true });
  await job.moveToWait(token);
}
