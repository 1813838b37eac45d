import { callKey, customerPhone, parseCallEvent } from '@callpost/domain';
import { describe, expect, it } from 'vitest';
import { inOrderOfTime, sampleCalls } from './sample-calls.js';

const START_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const calls = sampleCalls({ count: 40, runId: 'run1', startMs: START_MS });
const events = inOrderOfTime(calls).map(({ event }) => event);

describe('sample calls', () => {
  it('have events that fit the document of Re:amaze', () => {
    for (const event of events) expect(parseCallEvent(event)).toEqual({ ok: true, event });
  });

  it('have two to five events each, of one conversation, in ascending sequence', () => {
    for (const call of calls) {
      expect(call.events.length).toBeGreaterThanOrEqual(2);
      expect(call.events.length).toBeLessThanOrEqual(5);
      expect(new Set(call.events.map(({ event }) => callKey(event))).size).toBe(1);
      expect(call.events.map(({ event }) => event.sequence)).toEqual(
        call.events.map((_, index) => index + 1),
      );
    }
    expect(new Set(events.map(callKey)).size).toBe(calls.length);
  });

  it('never repeat an id, within a start or from one to the next', () => {
    const next = inOrderOfTime(sampleCalls({ count: 40, runId: 'run2', startMs: START_MS }));
    const ids = [...events, ...next.map(({ event }) => event)].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('are made by and to numbers that nobody has', () => {
    for (const event of events) {
      expect(event.to.phone).toMatch(/^\+1\d{3}55501\d\d$/);
      expect(event.from.phone).toMatch(/^\+1\d{3}55501\d\d$/);
    }
    expect(new Set(events.map(customerPhone)).size).toBe(calls.length);
  });

  it('are of several kinds, inbound and outbound', () => {
    expect(new Set(calls.map(({ kind }) => kind)).size).toBeGreaterThanOrEqual(4);
    expect(new Set(events.map(({ direction }) => direction))).toEqual(new Set(['inbound', 'outbound']));
  });

  it('happen in order within a call, and have all started within seconds however many they are', () => {
    const many = sampleCalls({ count: 2_000, runId: 'run1', startMs: START_MS });
    expect(Math.max(...many.map((call) => call.events[0]?.afterMs ?? Number.NaN))).toBeLessThanOrEqual(6_000);
    const sequenceOfCall = new Map<string, number>();
    for (const { event } of inOrderOfTime(many)) {
      expect(event.sequence).toBe((sequenceOfCall.get(callKey(event)) ?? 0) + 1);
      sequenceOfCall.set(callKey(event), Number(event.sequence));
    }
  });
});
