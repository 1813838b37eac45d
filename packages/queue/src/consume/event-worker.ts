import { type Job, type JobJson, type Processor, type Span, Worker, type WorkerOptions } from 'bullmq';
import type { EventBackend } from '../event-backend.js';
import { createEventBackend } from '../event-queue.js';
import type { TakeGate } from './gated-backend.js';
import { adoptPolicy, isNoLongerOurs } from './settle.js';

/** A BullMQ worker that treats every job alike, however badly it was enqueued. */
export class EventWorker extends Worker<unknown, void, string, EventBackend> {
  #held = 0;
  readonly #refused = new Set<Job>();
  /** Of jobs that are left to BullMQ: what came of processing them. */
  readonly #processed = new WeakMap<Job, Promise<void>>();

  constructor(
    queueName: string,
    processor: Processor<unknown, void>,
    options: WorkerOptions,
    gate?: TakeGate,
  ) {
    super(queueName, processor, options, createEventBackend);
    if (gate !== undefined) this.backend.gate = gate;
  }

  /**
   * Events that Redis still has down as this worker's: taken and not settled yet, or whose settling Redis refused since
   * the worker was closed. (One refused before that comes back by itself, and may be held again.)
   */
  heldCount(): number {
    return this.#held + this.#refused.size;
  }

  /**
   * Goes on with the next job by itself as long as every place is taken: BullMQ's loop would have nothing to do but hand it
   * back, which costs a twentieth of the worker's CPU.
   */
  override async processJob(
    ...[first, token, mayFetchNext = () => true]: Parameters<Worker<unknown, void>['processJob']>
  ): Promise<void | Job<unknown, void>> {
    let job: void | Job<unknown, void> = first;
    do {
      this.#held += 1;
      try {
        job = await this.#process(job, token, mayFetchNext);
      } finally {
        this.#held -= 1;
      }
    } while (job && this.#held + 1 >= this.concurrency);
    return job;
  }

  /**
   * What BullMQ does with a job, but for the promises that it wraps around each step, and for the worker's own notices, to
   * which nobody listens. Only what goes well goes this way. The rest is left to BullMQ, which is told what came of
   * processing: a job that failed, and one that could not be completed, with which it tries again.
   *
   * @returns the next job, when the worker wants one and there is one
   */
  async #process(
    job: Job<unknown, void>,
    token: string,
    mayFetchNext: () => boolean,
  ): Promise<void | Job<unknown, void>> {
    if (!job.deferredFailure) {
      const jobId = job.id ?? '';
      this.lockManager.trackJob(jobId, token, job.processedOn ?? 0);
      const processed = this.processFn(job, token);
      try {
        await processed;
        this.lockManager.untrackJob(jobId);
        return await this.#complete(job, token, mayFetchNext);
      } catch {
        // Whatever it is, BullMQ meets it too.
        this.#processed.set(job, processed);
      }
    }
    return super.processJob(job, token, mayFetchNext);
  }

  protected override callProcessJob(
    ...[job, token, signal]: Parameters<Worker<unknown, void>['callProcessJob']>
  ): Promise<void> {
    return this.#processed.get(job) ?? super.callProcessJob(job, token, signal);
  }

  async #complete(
    job: Job<unknown, void>,
    token: string,
    mayFetchNext: () => boolean,
  ): Promise<void | Job<unknown, void>> {
    if (this.backend.closing) return;
    const fetchesNext = mayFetchNext() && !this.closing && !this.paused;
    const { result } = await this.backend.moveToCompleted(job, undefined, true, token, fetchesNext);
    if (!Array.isArray(result)) return;
    const [data, jobId, limitDelayMs, delayUntilMs] = result;
    // biome-ignore lint/complexity/useLiteralKeys: BullMQ's own; as a literal key TypeScript does not let us.
    this['updateDelays'](limitDelayMs, delayUntilMs);
    if (!data || data.rjk) return this.nextJobFromJobData(data, jobId, token);
    // biome-ignore lint/complexity/useLiteralKeys: as above.
    this['drained'] = false;
    const next = this.createJob(data, jobId);
    next.token = token;
    return next;
  }

  /** The last that BullMQ tries with a job that could not be completed either; while it closes, it tells nobody. */
  protected override async handleFailed(
    error: Error,
    job: Job<unknown, void>,
    token: string,
    mayFetchNext?: () => boolean,
    span?: Span,
  ): Promise<Job<unknown, void>> {
    try {
      return await super.handleFailed(error, job, token, mayFetchNext, span);
    } catch (refusal) {
      if (this.closing && !isNoLongerOurs(refusal)) this.#refused.add(job);
      throw refusal;
    }
  }

  /**
   * BullMQ calls this for every job it takes, before anything else happens to it. Data that is not JSON, which only a
   * program that writes BullMQ's keys by hand can produce, would throw here and leave the job active for ever; as null
   * it fails the schema and becomes a dead letter with its data untouched in Redis.
   */
  protected override createJob(data: JobJson, jobId: string): Job {
    const job = this.readJob(data, jobId);
    adoptPolicy(job.opts);
    return job;
  }

  private readJob(data: JobJson, jobId: string): Job {
    try {
      return super.createJob(data, jobId);
    } catch {
      return super.createJob({ ...data, data: 'null' }, jobId);
    }
  }
}
