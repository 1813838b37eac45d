import { createHash } from 'node:crypto';
import { maskText } from '@callpost/domain';
import {
  type Attributes,
  type Context,
  defaultTextMapGetter,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type TextMapPropagator,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { PlannedIds } from './planned-ids.js';

/** What a span tells of an attempt: what its log line tells, and no more. */
export interface AttemptFacts {
  readonly channel: string;
  readonly eventId: string | null;
  readonly attempt: number;
  readonly origin: string;
  readonly outcome: string;
  readonly reason?: string;
  readonly status?: number;
  /** Of a network error. */
  readonly code?: string;
  readonly durationMs: number;
  readonly possiblyDelivered?: true;
}

/** Where the attempted event comes from. */
export interface Journey {
  /** What its producer put beside it, JSON of W3C's headers; null when the producer traces nothing. */
  readonly trace: string | null;
  readonly jobId: string;
  /** Unix ms. */
  readonly enqueuedAtMs: number;
  /** Unix ms: when it was enqueued, or last replayed. */
  readonly queuedAtMs: number;
}

export interface AttemptSpansOptions {
  readonly tracer: Tracer;
  readonly propagator: TextMapPropagator;
  readonly ids: PlannedIds;
}

/** Of these an attempt's span is an error. A shutdown in the middle of one is none. */
const FAILED = new Set(['retry', 'dead']);

/**
 * Writes down attempts once they are over, as children of their producer's span: all of an event's attempts, in
 * whatever process and after whatever replay, are in one trace. Before the first, also how long the event was queued.
 *
 * An event whose producer traces nothing gets a trace of its own, with an id made from the event, so that all its attempts
 * share it though nothing was written down anywhere.
 *
 * @returns the id of the trace, or null when it is not sampled
 */
export function createAttemptSpans({ tracer, propagator, ids }: AttemptSpansOptions) {
  return (facts: AttemptFacts, journey: Journey, finishedAtMs: number): string | null => {
    const parent = parentOf(journey.trace, propagator);
    const startedAtMs = finishedAtMs - facts.durationMs;
    const begin = (name: string, kind: SpanKind, startTime: number, attributes: Attributes) => {
      if (trace.getSpanContext(parent) === undefined) ids.planTrace(traceIdOf(facts.channel, journey));
      return tracer.startSpan(
        name,
        { kind, startTime, attributes: { ...about(facts), ...attributes } },
        parent,
      );
    };

    if (facts.attempt === 1) {
      const queuedAtMs = Math.min(journey.queuedAtMs, startedAtMs);
      begin('queued', SpanKind.INTERNAL, queuedAtMs, {}).end(startedAtMs);
    }
    const span = begin('attempt', SpanKind.CONSUMER, startedAtMs, outcomeOf(facts));
    if (FAILED.has(facts.outcome)) {
      span.setStatus({ code: SpanStatusCode.ERROR, ...(facts.reason ? { message: facts.reason } : {}) });
    }
    span.end(finishedAtMs);
    const { traceId, traceFlags } = span.spanContext();
    return (traceFlags & 1) === 1 ? traceId : null;
  };
}

/** Beside an event lies what its producer wrote, which may be anything. */
function parentOf(carrier: string | null, propagator: TextMapPropagator): Context {
  if (carrier === null) return ROOT_CONTEXT;
  try {
    return propagator.extract(ROOT_CONTEXT, JSON.parse(carrier), defaultTextMapGetter);
  } catch {
    return ROOT_CONTEXT;
  }
}

/** Also of when it was enqueued: an id may be used again once it is forgotten. */
function traceIdOf(channel: string, { jobId, enqueuedAtMs }: Journey): string {
  return createHash('sha256').update(`${channel} ${jobId} ${enqueuedAtMs}`).digest('hex').slice(0, 32);
}

function about({ channel, eventId, attempt, origin }: AttemptFacts): Attributes {
  return {
    'messaging.system': 'bullmq',
    'messaging.destination.name': `voice-${channel}`,
    'callpost.channel': channel,
    'callpost.attempt': attempt,
    'callpost.origin': origin,
    // Ids are the phone system's own, and some are made of phone numbers.
    ...(eventId === null ? {} : { 'messaging.message.id': maskText(eventId) }),
  };
}

function outcomeOf({ outcome, reason, status, code, possiblyDelivered }: AttemptFacts): Attributes {
  return {
    'callpost.outcome': outcome,
    ...(reason === undefined ? {} : { 'callpost.reason': reason }),
    ...(status === undefined ? {} : { 'http.response.status_code': status }),
    ...(code === undefined ? {} : { 'error.type': code }),
    ...(possiblyDelivered === undefined ? {} : { 'callpost.possibly_delivered': true }),
  };
}
