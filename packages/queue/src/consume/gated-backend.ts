import { setTimeout as sleep } from 'node:timers/promises';
import { RedisQueueBackend } from 'bullmq';
import { Taking } from './taking.js';

type Taken = ReturnType<RedisQueueBackend['moveToActive']>;

/** Whether an event may be taken from the queue at this moment. */
export interface TakeGate {
  /** How long to wait before asking again, in ms; 0: take one now. May ask Redis, and does not reject. */
  holdBackMs(): Promise<number>;
  /** Whether the script that settles an event may bring the next one with it; false also when it would have to ask. */
  mayTakeNow(): boolean;
}

const OPEN_GATE: TakeGate = { holdBackMs: async () => 0, mayTakeNow: () => true };

/** What a worker that stops is told to wait; it does not ask again. */
const STOPPING_MS = 1;

const REST_AFTER_REFUSAL_MS = 1_000;

/**
 * BullMQ's Redis, from which events are taken only while a gate is open and until the worker stops. The next event can be
 * had in two ways, by asking for it and with the script that settles the one before; the gate is before both.
 */
export class GatedBackend extends RedisQueueBackend {
  gate: TakeGate = OPEN_GATE;
  readonly #taking = new Taking();

  /**
   * From now on nothing is taken. BullMQ's worker that closes only stops asking: an ask of its that waits for a job still
   * takes what is handed back meanwhile, and it waits for the answer to each, though Redis be away for ever.
   */
  stopTaking(): void {
    this.#taking.stop();
  }

  /** Resolves when an event that came after that is back where it was; or when none comes soon. */
  lateEventIsBack(): Promise<void> {
    return this.#taking.lateIsDealtWith();
  }

  /** An event that comes too late goes back to where it was. */
  override moveToActive(token: string, name?: string): Taken {
    const nothing: Awaited<Taken> = [null, null, STOPPING_MS, 0];
    return this.#taking.answerOr(this.#takeWhenOpen(token, name), nothing, ([job, jobId]) =>
      job && jobId ? this.moveJobFromActiveToWait(jobId, token) : undefined,
    );
  }

  /** While the gate is shut, the answer is that of a queue whose rate is limited: BullMQ's worker waits and asks again. */
  async #takeWhenOpen(token: string, name?: string): Taken {
    const holdBackMs = this.#taking.isOver ? STOPPING_MS : await this.gate.holdBackMs();
    // It may have been told to stop while it asked.
    if (holdBackMs === 0 && !this.#taking.isOver) return this.#takeOrRest(token, name);
    return [null, null, Math.max(STOPPING_MS, holdBackMs), 0];
  }

  /**
   * A Redis that refuses writes, since its memory or disk is full, is not asked again at once: BullMQ's worker would ask
   * thousands of times a second. (Its own wait is for lost connections only.)
   */
  async #takeOrRest(token: string, name?: string): Taken {
    try {
      return await super.moveToActive(token, name);
    } catch (error) {
      if (error instanceof Error && error.name === 'ReplyError') await sleep(REST_AFTER_REFUSAL_MS);
      throw error;
    }
  }

  protected override moveToFinishedArgs(
    ...parameters: Parameters<RedisQueueBackend['moveToFinishedArgs']>
  ): ReturnType<RedisQueueBackend['moveToFinishedArgs']> {
    if (!this.mayBringNext()) parameters[7] = false;
    return super.moveToFinishedArgs(...parameters);
  }

  override moveToDelayedArgs(
    ...[jobId, atMs, token, delayMs, options = {}]: Parameters<RedisQueueBackend['moveToDelayedArgs']>
  ): ReturnType<RedisQueueBackend['moveToDelayedArgs']> {
    const fetchNext = options.fetchNext === true && this.mayBringNext();
    return super.moveToDelayedArgs(jobId, atMs, token, delayMs, { ...options, fetchNext });
  }

  /** Whether the script that settles an event may take the next one. */
  protected mayBringNext(): boolean {
    return !this.#taking.isOver && this.gate.mayTakeNow();
  }

  override waitForJob(blockTimeout: number): ReturnType<RedisQueueBackend['waitForJob']> {
    return this.#taking.answerOr(super.waitForJob(blockTimeout), null);
  }

  override reconnectBlocking(): Promise<void> {
    return this.#taking.answerOr(super.reconnectBlocking(), undefined);
  }

  /** BullMQ would wait for the connection to end; one that is just being made anew never says that it did. */
  override disconnectBlocking(): Promise<void> {
    return this.#taking.answerOr(super.disconnectBlocking(false), undefined);
  }

  /** By then everything is settled, so there is nothing left for Redis to agree to. */
  override close(): Promise<void> {
    return super.close(true);
  }
}
