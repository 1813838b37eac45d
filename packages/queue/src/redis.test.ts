import { expect, it } from 'vitest';
import { messageOf } from './redis.js';

it('tells an error in words, without a dot at the end; one without words by its name', () => {
  expect(messageOf(new Error('Connection is closed.'))).toBe('Connection is closed');
  expect(messageOf(new RangeError(''))).toBe('RangeError');
  expect(messageOf('a text')).toBe('a text');
});

it('tells the first of the errors that an error sums up', () => {
  const oom = new Error('OOM command not allowed');
  const aborted = Object.assign(new Error('EXECABORT'), { previousErrors: [oom, new Error('another')] });
  expect(messageOf(aborted)).toBe('OOM command not allowed');
  expect(messageOf(new AggregateError([aborted], 'all of them'))).toBe('OOM command not allowed');
  expect(messageOf(Object.assign(new Error('no node'), { lastNodeError: aborted }))).toBe(
    'OOM command not allowed',
  );
  expect(messageOf(Object.assign(new Error('EXECABORT'), { previousErrors: [] }))).toBe('EXECABORT');
});

it('tells an error that sums up itself, as when a connection breaks in the midst of a MULTI', () => {
  const closed = Object.assign(new Error('Connection is closed.'), { previousErrors: [] as unknown[] });
  closed.previousErrors.push(closed, closed);
  expect(messageOf(closed)).toBe('Connection is closed');
});
