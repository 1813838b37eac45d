import { type Job, type JobJson, type Processor, type Span, Worker, type WorkerOptions } from 'bullmq';
import type { EventBackend } from '../event-backend.js';
import { createEventBackend } from '../event-queue.js';
import type { TakeGate } from './gated-backend.js';
import { adoptPolicy, isNoLongerOurs } from './settle.js';

/** A BullMQ worker that treats every job alike, however badly it was enqueued. */
export class EventWorker extends Worker<unknown, void, string, EventBackend> {
  #held = 0;
  readonly #refused = new Set<Job>();

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

  override processJob(
    ...[job, token, fetchNext]: Parameters<Worker<unknown, void>['processJob']>
  ): Promise<void | Job<unknown, void>> {
    this.#held += 1;
    const settled = super.processJob(job, token, fetchNext);
    const end = () => {
      this.#held -= 1;
    };
    settled.then(end, end);
    return settled;
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
