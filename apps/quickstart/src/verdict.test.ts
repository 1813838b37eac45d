import { describe, expect, it } from 'vitest';
import { inOrderOfTime, sampleCalls } from './sample-calls.js';
import { summaryLines } from './summary-lines.js';
import { planTroubles } from './troubles.js';
import { type Evidence, isSettled, summarise } from './verdict.js';

const calls = sampleCalls({ count: 3, runId: 'run1', startMs: 0 });
const sent = inOrderOfTime(calls);
const ids = sent.map(({ event }) => event.id);
const REFUSED = 'call-run1-0002-4';
const RESET = 'call-run1-0003-1';
const ORDINARY = 'call-run1-0001-1';

const acceptedOnce = new Map(ids.filter((id) => id !== REFUSED).map((id) => [id, 1]));

/** What is known when all went as planned. */
const evidence = (fields: Partial<Evidence> = {}): Evidence => ({
  sent,
  troubles: planTroubles(calls),
  deadIds: new Set([REFUSED, 'a dead letter of somebody else']),
  acceptances: new Map([...acceptedOnce, [RESET, 2], ['an event of somebody else', 1]]),
  retriedIds: new Set(['call-run1-0001-2', RESET, 'an event of somebody else']),
  badSignatures: 0,
  outOfOrder: 0,
  ...fields,
});

const without = (id: string) => new Map([...acceptedOnce].filter(([accepted]) => accepted !== id));
const complaints = (fields: Partial<Evidence>) => summarise(evidence(fields)).complaints;

describe('the summary', () => {
  it('counts what was sent and nothing else, and has no complaint when all went as planned', () => {
    expect(summarise(evidence())).toEqual({
      sent: 11,
      delivered: 10,
      deliveredTwice: 1,
      retried: 2,
      dead: 1,
      outOfOrder: 0,
      badSignatures: 0,
      complaints: [],
    });
  });

  it('does not mind that the event whose connection broke was accepted once only', () => {
    expect(complaints({ acceptances: acceptedOnce })).toEqual([]);
  });

  it('complains of every way in which it can go wrong', () => {
    expect(complaints({ acceptances: without(ORDINARY) })).toEqual([
      `1 event neither delivered nor dead: ${ORDINARY}`,
    ]);
    expect(complaints({ deadIds: new Set([REFUSED, ORDINARY]), acceptances: without(ORDINARY) })).toEqual([
      `1 event dead though nothing was wrong with it: ${ORDINARY}`,
    ]);
    expect(complaints({ deadIds: new Set(), acceptances: new Map([...acceptedOnce, [REFUSED, 1]]) })).toEqual(
      [`1 event accepted though it was to be refused with 422: ${REFUSED}`],
    );
    expect(complaints({ acceptances: new Map([...acceptedOnce, [REFUSED, 1]]) })).toEqual([
      `1 event dead but accepted all the same: ${REFUSED}`,
    ]);
    expect(complaints({ acceptances: new Map([...acceptedOnce, [ORDINARY, 2]]) })).toEqual([
      `1 event accepted more than once without need: ${ORDINARY}`,
    ]);
    expect(complaints({ outOfOrder: 1 })).toEqual(['1 event came after a later one of the same call']);
    expect(complaints({ badSignatures: 2 })).toEqual(['2 requests with a bad signature']);
  });

  it('is not due while an event is neither delivered nor dead', () => {
    expect(isSettled(evidence())).toBe(true);
    expect(isSettled(evidence({ acceptances: without(ORDINARY) }))).toBe(false);
  });

  it('is written as a table, with every complaint below', () => {
    const plain = (_: string, text: string) => text;
    const well = summaryLines(summarise(evidence()), plain);
    expect(well[2]).toMatch(/^ {2}delivered +10 {3}1 of them twice/);
    expect(well.at(-1)).toContain('✓');
    const badly = summaryLines(summarise(evidence({ badSignatures: 1 })), plain);
    expect(badly.at(-1)).toBe('  ✗ 1 request with a bad signature');
    expect(badly.join('\n')).not.toContain('✓');
  });
});
