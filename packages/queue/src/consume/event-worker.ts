import { type Job, type JobJson, type Processor, Worker, type WorkerOptions } from 'bullmq';
import { createEventBackend, type EventBackend, type TakeGate } from '../event-backend.js';
import { adoptPolicy } from './settle.js';

/** A BullMQ worker that treats every job alike, however badly it was enqueued. */
export class EventWorker extends Worker<unknown, void, string, EventBackend> {
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
