import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  ParentBasedSampler,
  type Sampler,
  SimpleSpanProcessor,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import { describe, expect, it } from 'vitest';
import { type AttemptFacts, createAttemptSpans, type Journey } from './attempt-spans.js';
import { createPlannedIds } from './planned-ids.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SPAN_ID = 'b7ad6b7169203331';
/** Smaller numbers OpenTelemetry takes for the time since the process began. */
const BASE_MS = 2_000_000_000_000;
const FACTS: AttemptFacts = {
  channel: 'sales',
  eventId: 'call-1-ended',
  attempt: 1,
  origin: 'live',
  outcome: 'delivered',
  status: 201,
  durationMs: 40,
};
const JOURNEY: Journey = { trace: null, jobId: 'e.call-1-ended', enqueuedAtMs: BASE_MS, queuedAtMs: BASE_MS };

/** As a process has it; every call of this is another process. */
function process(root: Sampler = new AlwaysOnSampler()) {
  const exporter = new InMemorySpanExporter();
  const ids = createPlannedIds();
  const provider = new BasicTracerProvider({
    sampler: new ParentBasedSampler({ root }),
    idGenerator: ids,
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  });
  const attempt = createAttemptSpans({
    tracer: provider.getTracer('test'),
    propagator: new W3CTraceContextPropagator(),
    ids,
  });
  return { attempt, spans: () => exporter.getFinishedSpans() };
}

const traceparent = (flags = '01') => JSON.stringify({ traceparent: `00-${TRACE_ID}-${SPAN_ID}-${flags}` });

describe('an attempt', () => {
  it('is a child of what its producer put beside the event, with the time in the queue before it', () => {
    const { attempt, spans } = process();
    expect(attempt(FACTS, { ...JOURNEY, trace: traceparent() }, BASE_MS + 500)).toBe(TRACE_ID);
    const told = spans().map(({ name, parentSpanContext, startTime, endTime }) => [
      name,
      parentSpanContext?.spanId,
      startTime,
      endTime,
    ]);
    const at = (ms: number) => [BASE_MS / 1_000, ms * 1_000_000];
    expect(told).toEqual([
      ['queued', SPAN_ID, at(0), at(460)],
      ['attempt', SPAN_ID, at(460), at(500)],
    ]);
  });

  it('is not sampled when its producer is not', () => {
    const { attempt, spans } = process();
    expect(attempt(FACTS, { ...JOURNEY, trace: traceparent('00') }, BASE_MS + 500)).toBeNull();
    expect(spans()).toEqual([]);
  });

  it.each([null, 'no JSON', '42', 'null', '{"traceparent":"00-zz"}', '{"traceparent":7}'])(
    'of an event beside which %s lies has a trace made from the event, in every process the same',
    (trace) => {
      const attempts = [1, 2].map((number) =>
        process().attempt({ ...FACTS, attempt: number }, { ...JOURNEY, trace }, BASE_MS + 500),
      );
      expect(attempts[0]).toMatch(/^[0-9a-f]{32}$/);
      expect(attempts[1]).toBe(attempts[0]);
      expect(
        process().attempt(FACTS, { ...JOURNEY, trace, enqueuedAtMs: BASE_MS + 1_000 }, BASE_MS + 1_500),
      ).not.toBe(attempts[0]);
    },
  );

  it('is sampled by the share that is asked for, all attempts of an event alike', () => {
    const ids = Array.from({ length: 400 }, (_, index) => `e.${index}`);
    const sampled = (jobId: string) =>
      process(new TraceIdRatioBasedSampler(0.5)).attempt(FACTS, { ...JOURNEY, jobId }, BASE_MS + 500) !==
      null;
    const first = ids.filter(sampled);
    expect(first.length).toBeGreaterThan(150);
    expect(first.length).toBeLessThan(250);
    expect(ids.filter(sampled)).toEqual(first);
  });

  it('tells nothing that looks like a phone number', () => {
    const { attempt, spans } = process();
    attempt({ ...FACTS, eventId: 'call-of-+15105550199' }, JOURNEY, BASE_MS + 500);
    expect(spans()[1]?.attributes['messaging.message.id']).toBe('call-of-+1510•••0199');
  });

  it('that was taken before it was enqueued, by the clocks, has not been queued', () => {
    const { attempt, spans } = process();
    attempt(FACTS, { ...JOURNEY, queuedAtMs: BASE_MS + 9_000 }, BASE_MS + 500);
    expect(spans()[0]?.startTime).toEqual(spans()[0]?.endTime);
  });
});
