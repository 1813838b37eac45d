import { setImmediate as nextTurn } from 'node:timers/promises';
import { type CallEventRules, DEFAULT_CHANNEL } from '@callpost/domain';
import { CHANNELS_KEY, requireChannelName } from '../names.js';
import { connectRedis, messageOf, openRedis, type RedisConnection } from '../redis.js';
import { turnByTurn } from '../turn-by-turn.js';
import type { StampedEvent } from './enqueue.js';
import { countTurnedAway } from './enqueue-counts.js';
import { firstEventState } from './first-event.js';
import { type OpenPaths, openPaths } from './open-paths.js';
import { createOrderStamp } from './order-stamp.js';
import type { Outcome } from './paths.js';
import { createEventReader, type ReadEvent } from './read-event.js';
import { type Durability, replicateAll } from './replicated.js';
import { EventNotAcknowledgedError, type SendAnswer } from './send-answer.js';
import type { SendTracing } from './send-tracing.js';

export interface CallEventQueueOptions extends CallEventRules {
  /** A `REDIS_URL`, such as `redis://…` or `redis+sentinel://…`; or a connection made by `connectRedis(url, 'producer')`. */
  readonly redis: string | RedisConnection;
  /** Default `default`. */
  readonly channel?: string;
  /** Events per script of `sendMany`. Default 200. */
  readonly chunkSize?: number;
  /** What an acknowledgement says; default `memory`. `replica` waits until a replica has the event too. */
  readonly durability?: Durability;
  /** With durability `replica`: how long to wait for one. Default one second. */
  readonly replicaTimeoutMs?: number;
  /** Made by `createSendTracing`; without it nothing is traced. */
  readonly tracing?: SendTracing;
  /** Unix ms; default `Date.now`. */
  readonly now?: () => number;
}

export interface CallEventQueue {
  readonly channel: string;
  /** @throws EventNotAcknowledgedError when Redis did not take the event; sending it again is safe */
  send(event: unknown): Promise<SendAnswer>;
  /**
   * Answers in the order of the events. Sent in chunks; what of a chunk goes to one queue of the channel, which is all of
   * it while the channel is not divided, is taken whole or not at all.
   *
   * @throws EventNotAcknowledgedError with the answers before the first event that was not acknowledged; sending the rest,
   *   or everything, again is safe
   */
  sendMany(events: readonly unknown[]): Promise<SendAnswer[]>;
  close(): Promise<void>;
}

/**
 * What a phone system uses to hand over its call events.
 *
 * @throws RangeError for a channel name that is none
 */
export function createCallEventQueue(options: CallEventQueueOptions): CallEventQueue {
  const { channel = DEFAULT_CHANNEL, now = Date.now, chunkSize = 200, tracing } = options;
  const { durability = 'memory', replicaTimeoutMs = 1_000 } = options;
  requireChannelName(channel);
  const ownsConnection = typeof options.redis === 'string';
  const redis = typeof options.redis === 'string' ? connectRedis(options.redis, 'producer') : options.redis;
  const read = createEventReader({ channel, rules: options, tracing, nextTimestamp: createOrderStamp(now) });
  let opened: OpenPaths | undefined;
  let opening: Promise<OpenPaths> | undefined;
  const counting = new Set<Promise<void>>();

  /** Many sends at a time wait for one opening. */
  function open(): Promise<OpenPaths> {
    opening ??= openOnce().finally(() => {
      opening = undefined;
    });
    return opening;
  }

  async function openOnce(): Promise<OpenPaths> {
    await openRedis(redis);
    if (opened === undefined) {
      const paths = await openPaths(redis, channel);
      await redis.sadd(CHANNELS_KEY, channel);
      opened = paths;
    }
    return opened;
  }

  async function enqueue(events: readonly StampedEvent[]): Promise<Outcome[]> {
    const outcomes = await enqueueOnce(events);
    for (const [index, { span }] of events.entries()) span?.end(spanAnswer(outcomes[index]));
    return outcomes;
  }

  async function enqueueOnce(events: readonly StampedEvent[]): Promise<Outcome[]> {
    if (events.length === 0) return [];
    try {
      const { walk } = await open();
      return await walk(events);
    } catch (error) {
      return events.map(() => ({ error }));
    }
  }

  async function sendChunk(all: readonly ReadEvent[]): Promise<(SendAnswer | NotAcknowledged)[]> {
    const valid = all.flatMap((one) => (one.ok ? [one.event] : []));
    const enqueued = await enqueue(valid);
    const duplicate = enqueued.filter((outcome) => 'home' in outcome && outcome.isKnown).length;
    count({ duplicate, invalid: all.length - valid.length });
    const outcomes = (durability === 'memory' ? enqueued : await replicated(enqueued)).values();
    const answers = all.map((one) => {
      if (one.ok) return answerFor(one.event.id, outcomes.next().value);
      return { status: 'invalid', eventId: one.eventId, faults: one.faults } as const;
    });
    return Promise.all(answers);
  }

  function count(turnedAway: Parameters<typeof countTurnedAway>[2]): void {
    const written = countTurnedAway(redis, channel, turnedAway).finally(() => counting.delete(written));
    counting.add(written);
  }

  /** Of duplicates too: the first of them may have been sent again because no replica had it. */
  function replicated(outcomes: readonly Outcome[]): Promise<Outcome[]> {
    return replicateAll(redis, outcomes, replicaTimeoutMs);
  }

  async function answerFor(
    eventId: string,
    outcome: Outcome | undefined,
  ): Promise<SendAnswer | NotAcknowledged> {
    if (outcome === undefined) throw new TypeError('an outcome for each event');
    if ('error' in outcome) return outcome;
    if (!outcome.isKnown) return { status: 'accepted', eventId };
    try {
      return { status: 'duplicate', eventId, first: await firstEventState(redis, outcome.home, eventId) };
    } catch (error) {
      return { error };
    }
  }

  /**
   * While Redis takes one chunk, the next is read. It is not sent before all of the one before it are acknowledged: it
   * could overtake an event of the same call.
   */
  async function sendMany(inputs: readonly unknown[]): Promise<SendAnswer[]> {
    const answers: SendAnswer[] = [];
    const readChunk = (start: number) => inputs.slice(start, start + chunkSize).map(read);
    let chunk = readChunk(0);
    for (let start = 0; start < inputs.length; start += chunkSize) {
      const readNext = nextTurn().then(() => readChunk(start + chunkSize));
      const [answered, next] = await Promise.all([sendChunk(chunk), readNext]);
      for (const answer of answered) {
        if ('error' in answer) {
          for (const one of next) if (one.ok) one.event.span?.end('not_acknowledged');
          throw notAcknowledged(answer, answers);
        }
        answers.push(answer);
      }
      chunk = next;
    }
    return answers;
  }

  /** Many sends at a time are a few chunks. */
  const sendSoon = turnByTurn<Sending>(
    Math.min(chunkSize, SENDS_TOGETHER),
    (sendings) => void sendTogether(sendings),
  );

  async function sendTogether(sendings: readonly Sending[]): Promise<void> {
    const answers = await sendChunk(sendings.map(({ event }) => read(event))).catch((error: unknown) =>
      sendings.map(() => ({ error })),
    );
    for (const [index, answer] of answers.entries()) {
      if ('error' in answer) sendings[index]?.reject(notAcknowledged(answer, []));
      else sendings[index]?.resolve(answer);
    }
  }

  return {
    channel,
    sendMany,
    send: (event) => new Promise((resolve, reject) => sendSoon({ event, resolve, reject })),
    async close() {
      await Promise.all(counting);
      await opened?.close();
      if (ownsConnection) redis.disconnect();
    },
  };
}

/** Of one turn. With all of a hundred, producer and Redis would wait for each other in turns. */
const SENDS_TOGETHER = 16;

interface Sending {
  readonly event: unknown;
  readonly resolve: (answer: SendAnswer) => void;
  readonly reject: (error: EventNotAcknowledgedError) => void;
}

interface NotAcknowledged {
  readonly error: unknown;
}

function notAcknowledged({ error }: NotAcknowledged, answers: readonly SendAnswer[]) {
  return new EventNotAcknowledgedError(messageOf(error), answers, error);
}

function spanAnswer(outcome: Outcome | undefined) {
  if (outcome === undefined || 'error' in outcome) return 'not_acknowledged';
  return outcome.isKnown ? 'duplicate' : 'accepted';
}
