import { createHash } from 'node:crypto';
import { Job, raw2NextJobData } from 'bullmq';
import { moveToFinished } from 'bullmq/dist/esm/scripts/moveToFinished-14.js';
import { JOB_NAME } from '../names.js';
import { turnByTurn } from '../turn-by-turn.js';

/** An event that was delivered, and may go. */
export interface DeliveredEvent {
  readonly jobId: string;
  /** Of the lock under which the worker holds it. */
  readonly token: string;
  /** Whether the worker wants another in its place. */
  readonly fetchesNext: boolean;
}

/** What is the same for all events that go together. */
export interface DeliveryTerms {
  /** Of the queue. */
  readonly keyPrefix: string;
  /** Unix ms. */
  readonly nowMs: number;
  readonly lockDurationMs: number;
  /** How long the id of a delivered event is remembered. */
  readonly dedupWindowMs: number;
  /** The worker's, of BullMQ; undefined for none. */
  readonly limiter: { readonly max: number; readonly duration: number } | undefined;
}

/** The answer for an event that only BullMQ's own script can finish. */
export const NOT_PLAIN = -100;

/**
 * An event that was only ever enqueued and taken: job id, data, timestamp, how often it was taken, Unix ms of being taken, and
 * options as BullMQ writes them.
 */
type FreshJob = readonly [string, string, string, number, number, string];

/** The next event for the worker, from the answer of the script, as BullMQ wants it. */
export function nextEvent(answer: unknown): unknown[] {
  if (!isFreshJob(answer)) return raw2NextJobData(answer as unknown[]);
  const [jobId, data, timestamp, attemptsStarted, processedOn, options] = answer;
  const job = {
    name: JOB_NAME,
    data,
    opts: options === '{}' ? {} : Job.optsFromJSON(options),
    progress: 0,
    delay: 0,
    priority: 0,
    timestamp: Number.parseInt(timestamp, 10),
    attemptsStarted,
    attemptsMade: 0,
    stalledCounter: 0,
    processedOn,
  };
  return [job, jobId, 0, 0];
}

/** BullMQ's answer begins with the fields of the job, or with a number when there is none. */
function isFreshJob(answer: unknown): answer is FreshJob {
  return Array.isArray(answer) && typeof answer[0] === 'string';
}

/** BullMQ's script whose effect on a plain job `deliver-lua.ts` has in fewer commands; of another we know nothing. */
const KNOWN_SCRIPT = '8e744ec5d65dbe9e';

/** False with another version of BullMQ: then its own script finishes every event, one by one. */
export const DELIVERS_TOGETHER = createHash('sha256')
  .update(moveToFinished.content)
  .digest('hex')
  .startsWith(KNOWN_SCRIPT);

/**
 * With many more, Redis would stand still while the worker goes through its answers, and the worker while Redis goes through
 * them. Neither does one script keep others waiting then.
 */
const MOST_AT_ONCE = 16;

interface Delivery {
  readonly event: DeliveredEvent;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit: what a worker has delivered within one turn of its event loop goes to Redis together. The answers of a
 * busy endpoint come many at a time, so this is most of them.
 *
 * @param run sends one command: keys, then arguments; resolves with an answer for each event
 * @returns finishes one event: resolves with the script's answer for it, rejects with what it failed of
 */
export function createDeliverTogether(
  run: (parameters: unknown[]) => Promise<unknown>,
  terms: () => DeliveryTerms,
): (event: DeliveredEvent) => Promise<unknown> {
  const deliverSoon = turnByTurn<Delivery>(MOST_AT_ONCE, (deliveries) => void commit(deliveries));

  async function commit(deliveries: readonly Delivery[]): Promise<void> {
    try {
      const answers = (await run(commandOf(deliveries, terms()))) as readonly unknown[];
      for (const [index, { resolve, reject }] of deliveries.entries()) {
        const answer = answers[index];
        if (answer instanceof Error) reject(answer);
        else resolve(answer);
      }
    } catch (error) {
      for (const { reject } of deliveries) reject(error);
    }
  }

  return (event) => new Promise((resolve, reject) => deliverSoon({ event, resolve, reject }));
}

function commandOf(
  deliveries: readonly Delivery[],
  { keyPrefix, nowMs, lockDurationMs, dedupWindowMs, limiter }: DeliveryTerms,
): unknown[] {
  const command: unknown[] = [`${keyPrefix}wait`, keyPrefix, nowMs, lockDurationMs, dedupWindowMs];
  command.push(limiter?.max ?? '', limiter?.duration ?? '');
  for (const { event } of deliveries) command.push(event.jobId, event.token, event.fetchesNext ? 1 : 0);
  return command;
}
