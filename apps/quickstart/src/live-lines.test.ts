import { describe, expect, it } from 'vitest';
import { createLiveLines } from './live-lines.js';
import { inOrderOfTime, sampleCalls } from './sample-calls.js';
import type { Attempt } from './worker-line.js';

const calls = sampleCalls({ count: 3, runId: 'run1', startMs: 0 });
const samples = new Map(inOrderOfTime(calls).map((sample) => [sample.event.id, sample]));
const lines = createLiveLines({
  samples,
  paint: (colour, text) => `<${colour}>${text}</>`,
  now: () => new Date(2026, 0, 2, 12, 3, 4).getTime(),
});

const attempt = (fields: Partial<Attempt>): string | null =>
  lines.worker({
    kind: 'attempt',
    attempt: {
      eventId: 'call-run1-0003-2',
      attempt: 1,
      outcome: 'delivered',
      reason: null,
      status: null,
      retryInMs: null,
      ...fields,
    },
  });

const TIME = '<dim>12:03:04</>';
const MISSED = 'call 3   Missed call - waited 0:00:42 - abandoned      ';

describe('live lines', () => {
  it('say what each attempt came to', () => {
    expect(attempt({ status: 201 })).toBe(`${TIME}  ${MISSED}<green>201   delivered</>`);
    expect(attempt({ status: 201, attempt: 3 })).toContain('delivered (attempt 3)');
    expect(attempt({ outcome: 'retry', reason: 'http_5xx', status: 500, retryInMs: 612 })).toBe(
      `${TIME}  ${MISSED}<yellow>500   retry in 0.6 s (attempt 1)</>`,
    );
    expect(attempt({ outcome: 'dead', reason: 'http_422', status: 422 })).toBe(
      `${TIME}  ${MISSED}<red>422   dead letter, http_422 (attempt 1)</>`,
    );
    expect(attempt({ outcome: 'interrupted', reason: 'shutdown' })).toContain('handed back');
  });

  it('name the reason where there was no answer', () => {
    expect(attempt({ outcome: 'retry', reason: 'reset', retryInMs: 300 })).toContain('reset retry in 0.3 s');
  });

  it('show an event of an earlier start by its id, without a phone number', () => {
    const line = attempt({ eventId: 'pbx-+15105559999' });
    expect(line).toContain('event    pbx-+1510•••9999');
    expect(line).not.toContain('5105559999');
  });

  it('announce a call without its number or name', () => {
    const [call] = calls;
    const line = call === undefined ? '' : lines.callStarts(call);
    expect(line).toContain('inbound from +1202•••0101, answered and recorded: 5 events');
    expect(line).not.toContain('Ada');
  });

  it('pass on the trouble of the worker and not that it is ready', () => {
    expect(lines.worker({ kind: 'trouble', text: 'Redis trouble' })).toContain('<yellow>Redis trouble</>');
    expect(lines.worker({ kind: 'ready', metricsUrl: 'http://127.0.0.1:1/metrics' })).toBeNull();
  });
});
