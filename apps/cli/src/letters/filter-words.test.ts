import { expect, test } from 'vitest';
import { filterText, filterWords } from './filter-words.js';

test('a filter in words, with absolute times', () => {
  const filter = {
    ids: ['a', 'b', 'c', 'd', 'e'],
    reason: 'http_422',
    status: 422,
    causeId: 'http_422.35wckeasdgsu9',
    thread: 'call-17',
    sinceMs: Date.parse('2026-11-23T02:00:00Z'),
    untilMs: Date.parse('2026-11-23T03:00:00Z'),
    match: 'phone "is"',
    replayed: 'any',
    possiblyDelivered: false,
  };
  expect(filterText(filter)).toBe(
    ' with ids a b c and 2 more, reason http_422, HTTP status 422, cause http_422.35wckeasdgsu9, thread call-17, ' +
      'died since 2026-11-23T02:00:00Z, died until 2026-11-23T03:00:00Z, a response like "phone \\"is\\"", a replay, ' +
      'no possible delivery',
  );
});

test.each([
  [{}, ''],
  [{ all: true }, 'all'],
  [{ ids: ['a'], replayed: 'never', possiblyDelivered: true }, 'id a, no replay, possible delivery'],
  [{ sinceMs: 'noon', inventedLater: [1] }, 'died since noon, inventedLater [1]'],
])('%j is %j', (filter, words) => {
  expect(filterWords(filter)).toBe(words);
});
