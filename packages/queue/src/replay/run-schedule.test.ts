import { describe, expect, it } from 'vitest';
import type { PlannedLetter } from './planned-letters.js';
import { createRunSchedule } from './run-schedule.js';

/** `a1 a2 b1`: two letters of call a, one of call b. */
function letters(text: string): PlannedLetter[] {
  return text.split(' ').map((jobId) => ({
    jobId,
    diedAtMs: 1,
    enqueueOrder: 1,
    call: jobId.startsWith('-') ? null : (jobId[0] ?? null),
  }));
}

function sendAll(schedule: ReturnType<typeof createRunSchedule>): string {
  const sent: string[] = [];
  for (let letter = schedule.next(); letter !== null; letter = schedule.next()) sent.push(letter.jobId);
  return sent.join(' ');
}

it('sends one letter of a call at a time, and calls side by side', () => {
  const schedule = createRunSchedule(letters('a1 a2 b1 c1 a3 b2'), new Map(), 'hold');
  expect(sendAll(schedule)).toBe('a1 b1 c1');
  schedule.settle('b1', 'delivered');
  expect(sendAll(schedule)).toBe('b2');
  schedule.settle('a1', 'skipped');
  expect(sendAll(schedule)).toBe('a2');
  for (const jobId of ['a2', 'b2', 'c1']) schedule.settle(jobId, 'delivered');
  expect(sendAll(schedule)).toBe('a3');
  expect(schedule.isAtEnd()).toBe(false);
  schedule.settle('a3', 'delivered');
  expect(schedule.isAtEnd()).toBe(true);
});

it('lets letters without a call wait for none', () => {
  expect(sendAll(createRunSchedule(letters('-1 -2 -3'), new Map(), 'hold'))).toBe('-1 -2 -3');
});

describe('when a letter dies again', () => {
  it.each(['hold', 'skip'] as const)('%s: its call is blocked until it is unblocked', (onCallConflict) => {
    const schedule = createRunSchedule(letters('a1 a2 a3 b1'), new Map(), onCallConflict);
    sendAll(schedule);
    schedule.settle('a1', 'dead_again');
    schedule.settle('b1', 'delivered');
    expect(sendAll(schedule)).toBe('');
    expect(schedule.isAtEnd()).toBe(true);
    expect(schedule.blocked()).toMatchObject([
      { call: 'a', by: 'a1', letters: [{ jobId: 'a2' }, { jobId: 'a3' }] },
    ]);
    schedule.unblock('a');
    expect(sendAll(schedule)).toBe('a2');
  });

  it('continue: its call goes on', () => {
    const schedule = createRunSchedule(letters('a1 a2'), new Map(), 'continue');
    sendAll(schedule);
    schedule.settle('a1', 'dead_again');
    expect(sendAll(schedule)).toBe('a2');
    expect(schedule.blocked()).toEqual([]);
  });
});

it('goes on from the results of the worker before', () => {
  const results = new Map([
    ['a1', 'delivered'],
    ['b1', 'sent'],
    ['c1', 'dead_again'],
    ['d1', 'skipped:not_dead'],
  ] as const);
  const schedule = createRunSchedule(letters('a1 a2 b1 b2 c1 c2 d1 d2'), results, 'hold');
  expect(schedule.underWay().map(({ jobId }) => jobId)).toEqual(['b1']);
  expect(sendAll(schedule)).toBe('a2 d2');
  expect(schedule.blocked()).toMatchObject([{ call: 'c', by: 'c1' }]);
});
