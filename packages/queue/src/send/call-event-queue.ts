import {
  type CallEvent,
  type CallEventRules,
  DEFAULT_CHANNEL,
  parseCallEvent,
  stampCreatedAt,
} from '@callpost/domain';
import { type EventQueue, openEventQueue } from '../event-queue.js';
import { CHANNELS_KEY, queueKey, requireChannelName } from '../names.js';
import { connectRedis, messageOf, openRedis, type RedisConnection } from '../redis.js';
import { turnByTurn } from '../turn-by-turn.js';
import { enqueueAll, type StampedEvent } from './enqueue.js';
import { countTurnedAway } from './enqueue-counts.js';
import { firstEventState } from './first-event.js';
import { createOrderStamp } from './order-stamp.js';
import { type Durability, isReplicated } from './replicated.js';
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
   * Answers in the order of the events. Sent in chunks, each of which is taken whole or not at all.
   *
   * @throws EventNotAcknowledgedError with the answers so far; sending the rest, or everything, again is safe
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
  const nextTimestamp = createOrderStamp(now);
  let opened: EventQueue | undefined;
  let opening: Promise<EventQueue> | undefined;
  let counting: Promise<unknown> = Promise.resolve();

  /** Many sends at a time wait for one opening. */
  function open(): Promise<EventQueue> {
    opening ??= openOnce().finally(() => {
      opening = undefined;
    });
    return opening;
  }

  async function openOnce(): Promise<EventQueue> {
    await openRedis(redis);
    if (opened === undefined) {
      const queue = openEventQueue(redis, channel);
      await queue.waitUntilReady();
      await redis.sadd(CHANNELS_KEY, channel);
      opened = queue;
    }
    return opened;
  }

  async function enqueue(events: readonly StampedEvent[]): Promise<boolean[]> {
    if (events.length === 0) return [];
    try {
      const known = await enqueueOnce(events);
      for (const [index, { span }] of events.entries()) span?.end(known[index] ? 'duplicate' : 'accepted');
      return known;
    } catch (error) {
      for (const { span } of events) span?.end('not_acknowledged');
      throw error;
    }
  }

  async function enqueueOnce(events: readonly StampedEvent[]): Promise<boolean[]> {
    return await enqueueAll(await open(), redis, events);
  }

  function stamped(event: CallEvent): StampedEvent {
    const span = tracing?.send({ channel, eventId: event.id });
    const timestamp = nextTimestamp();
    const isTraced = span === undefined ? {} : { span };
    return { event: stampCreatedAt(event, Math.trunc(timestamp)), timestamp, ...isTraced };
  }

  async function sendChunk(inputs: readonly unknown[]): Promise<SendAnswer[]> {
    const parsed = inputs.map((input) => parseCallEvent(input, options));
    const valid = parsed.flatMap((result) => (result.ok ? [stamped(result.event)] : []));
    const areKnown = await enqueue(valid);
    const turnedAway = { duplicate: areKnown.filter(Boolean).length, invalid: parsed.length - valid.length };
    counting = Promise.all([counting, countTurnedAway(redis, channel, turnedAway)]);
    if (valid.length > 0) await replicated();
    const known = areKnown.values();
    const answers = parsed.map((result, index) => {
      if (result.ok) return answerFor(result.event.id, known.next().value === true);
      return { status: 'invalid', eventId: idOf(inputs[index]), faults: result.faults } as const;
    });
    return Promise.all(answers);
  }

  /** Of duplicates too: the first of them may have been sent again because no replica had it. */
  async function replicated(): Promise<void> {
    if (durability === 'memory') return;
    if (await isReplicated(redis, queueKey(channel, 'callpost:replicated'), replicaTimeoutMs)) return;
    throw new Error(`Redis has the event, but no replica confirmed it within ${replicaTimeoutMs} ms`);
  }

  async function answerFor(eventId: string, isKnown: boolean): Promise<SendAnswer> {
    if (!isKnown) return { status: 'accepted', eventId };
    return { status: 'duplicate', eventId, first: await firstEventState(redis, channel, eventId) };
  }

  async function sendMany(inputs: readonly unknown[]): Promise<SendAnswer[]> {
    const answers: SendAnswer[] = [];
    for (let start = 0; start < inputs.length; start += chunkSize) {
      try {
        answers.push(...(await sendChunk(inputs.slice(start, start + chunkSize))));
      } catch (error) {
        throw new EventNotAcknowledgedError(messageOf(error), answers, error);
      }
    }
    return answers;
  }

  /** Many sends at a time are a few chunks. */
  const sendSoon = turnByTurn<Sending>(
    Math.min(chunkSize, SENDS_TOGETHER),
    (sendings) => void sendTogether(sendings),
  );

  async function sendTogether(sendings: readonly Sending[]): Promise<void> {
    try {
      const answers = await sendChunk(sendings.map(({ event }) => event));
      for (const [index, answer] of answers.entries()) sendings[index]?.resolve(answer);
    } catch (error) {
      for (const { reject } of sendings) {
        reject(new EventNotAcknowledgedError(messageOf(error), [], error));
      }
    }
  }

  return {
    channel,
    sendMany,
    send: (event) => new Promise((resolve, reject) => sendSoon({ event, resolve, reject })),
    async close() {
      await counting;
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

function idOf(input: unknown): string | null {
  const id = input !== null && typeof input === 'object' && 'id' in input ? input.id : null;
  return typeof id === 'string' ? id : null;
}
