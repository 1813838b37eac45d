import { expect, it } from 'vitest';
import { KeptEvents } from './kept-events.js';

const event = (id: string, bytes: number) => ({
  atMs: 0,
  id,
  thread: null,
  conversation: 'c',
  bytes: Buffer.alloc(bytes),
  signature: null,
});

it('forgets as many of the oldest as their bodies are too large together', () => {
  const events = new KeptEvents({ events: 10, bodyBytes: 100, requests: 1 });
  expect(events.keep(event('a', 40))).toEqual([]);
  expect(events.keep(event('b', 60))).toEqual([]);
  expect(events.keep(event('c', 70)).map(({ id }) => id)).toEqual(['a', 'b']);
  expect(events.list({}).map(({ id, sequence }) => [id, sequence])).toEqual([['c', 3]]);
  expect(events.total).toBe(3);
});
