import { expect, it } from 'vitest';
import { filterArguments } from './filter-arguments.js';

it.each([
  [{}, ''],
  [{ reason: 'http_422', status: 422 }, '--reason http_422 --status 422'],
  [
    { causeId: 'http_422.35wckeasdgsu9', sinceMs: 1_795_400_000_123, untilMs: 1_795_400_000_456 },
    '--cause http_422.35wckeasdgsu9 --since 2026-11-23T02:13:20.123Z --until 2026-11-23T02:13:20.456Z',
  ],
  [{ ids: ['call-1', "it's"], replayed: 'any' }, "--id call-1 'it'\\''s' --replayed any"],
  [{ match: 'phone is', possiblyDelivered: false }, "--match 'phone is' --possibly-delivered no"],
  [{ thread: 'call 1' }, "--thread 'call 1'"],
])('%j: %s', (filter, text) => {
  expect(filterArguments(filter)).toBe(text);
});

it.each([
  ['ids without end', { ids: Array.from({ length: 21 }, (_, index) => `call-${index}`) }],
  ['what a terminal would act upon', { match: '\u001b[2J' }],
  ['what a later version may add', { colour: 'red' }],
])('%s: no command', (_, filter) => {
  expect(filterArguments(filter)).toBeNull();
});
