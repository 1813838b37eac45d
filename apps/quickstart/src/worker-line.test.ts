import { describe, expect, it } from 'vitest';
import { readWorkerLine } from './worker-line.js';

const pino = (fields: object) =>
  JSON.stringify({
    level: 30,
    time: '2026-01-02T03:04:05.000Z',
    service: 'callpost-worker',
    worker: 'vm:1',
    ...fields,
  });

describe('a line of the worker', () => {
  it('tells of an attempt', () => {
    const fields = {
      msg: 'attempt',
      eventId: 'e1',
      attempt: 2,
      outcome: 'retry',
      reason: 'http_5xx',
      status: 500,
    };
    expect(readWorkerLine(pino({ ...fields, retryInMs: 600, jobId: 'e.e1' }))).toEqual({
      kind: 'attempt',
      attempt: {
        eventId: 'e1',
        attempt: 2,
        outcome: 'retry',
        reason: 'http_5xx',
        status: 500,
        retryInMs: 600,
      },
    });
  });

  it('tells of an attempt that got no answer and of one that needs no reason', () => {
    expect(
      readWorkerLine(pino({ msg: 'attempt', eventId: 'e1', attempt: 1, outcome: 'dead', reason: 'stalled' })),
    ).toMatchObject({ attempt: { status: null, retryInMs: null, reason: 'stalled' } });
    expect(
      readWorkerLine(pino({ msg: 'attempt', eventId: 'e1', attempt: 1, outcome: 'delivered', status: 201 })),
    ).toMatchObject({ attempt: { status: 201, reason: null } });
  });

  it('tells where the metrics are', () => {
    const metricsUrl = 'http://127.0.0.1:9464/metrics';
    expect(readWorkerLine(pino({ msg: 'worker ready', metricsUrl }))).toEqual({ kind: 'ready', metricsUrl });
  });

  it('tells of trouble when it is a warning or worse, or what Node itself prints', () => {
    expect(readWorkerLine(pino({ level: 40, msg: 'Redis check', check: 'clock' }))).toEqual({
      kind: 'trouble',
      text: 'Redis check check=clock',
    });
    expect(readWorkerLine('Error: Cannot find module')).toEqual({
      kind: 'trouble',
      text: 'Error: Cannot find module',
    });
  });

  it('is otherwise of no interest', () => {
    expect(readWorkerLine(pino({ msg: 'channel consumed' }))).toBeNull();
    expect(readWorkerLine('')).toBeNull();
  });
});
