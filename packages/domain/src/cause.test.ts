import { describe, expect, it } from 'vitest';
import { causeOf, foldResponse } from './cause.js';

/**
 * Errors as real APIs phrase them, each in several events' versions. Within a row all are one cause; no two rows are.
 */
const CORPUS: ReadonlyArray<readonly string[]> = [
  [
    '{"error":"phone is invalid for event call-17-ended"}',
    '{"error":"phone is invalid for event 9f8e7d6c"}',
    '{"error":"phone is invalid for event 4711"}',
    '{"error":"phone is invalid for event 17:4711-2"}',
  ],
  [
    '{"errors":[{"field":"from.phone","message":"is not a phone number"}]}',
    '{"errors":[{"field":"from.phone","message":"is not a phone number"}]}',
  ],
  ['{"errors":[{"field":"to.phone","message":"is not a phone number"}]}'],
  [
    '{"error":"Unknown staff member \'jane\'"}',
    '{"error":"Unknown staff member \'bob.smith\'"}',
    '{"error":"Unknown staff member \\"jane\\""}',
  ],
  ['{"error":"not found","request_id":"req_8Zk3mPq0"}', '{"error":"not found","request_id":"req_Qm55xXy9"}'],
  [
    '{"message":"Conversation 6f9619ff-8b86-d011-b42d-00c04fc964ff is locked"}',
    '{"message":"Conversation 0a0b0c0d-0000-4111-8222-333344445555 is locked"}',
  ],
  [
    'Rate limit exceeded, retry after 2026-11-23T01:02:03Z',
    'Rate limit exceeded, retry after 2026-11-24T11:42:59+00:00',
  ],
  [
    '<html><head><title>503 Service Temporarily Unavailable</title></head><body><center>nginx/1.25.3</center></body></html>',
    '<html><head><title>503 Service Temporarily Unavailable</title></head>\n<body><center>nginx/1.24.0</center></body></html>',
  ],
  ['<!DOCTYPE html><title>Application Error</title><iframe src="//x.example/1"></iframe>'],
  ['Validation failed: +1510•••9999 is not allowed', 'Validation failed: +4420•••0001 is not allowed'],
  [
    'attachment https://files.example.com/•••.wav could not be read',
    'attachment https://cdn.example.org/•••.mp3 could not be read',
  ],
  [
    '{"error":"body is too long (maximum is 10000 characters)"}',
    '{"error":"body is too long (maximum is 65535 characters)"}',
  ],
  [
    '{"error":"created_at is in the future: Mon, 23 Nov 2026 01:02:03 GMT"}',
    '{"error":"created_at is in the future: Tue, 24 Nov 2026 04:05:06 GMT"}',
  ],
  ['{"error":"phone is inval', '{"error":"phone is inval'],
  ['Forbidden'],
  ['Unauthorized'],
  [''],
];

const causeIdOf = (excerpt: string) =>
  causeOf('http_422', {
    attempt: 1,
    atMs: 0,
    durationMs: 1,
    worker: 'w',
    outcome: 'dead',
    reason: 'http_422',
    status: 422,
    excerpt,
  }).id;

it.each(CORPUS)('one cause: %s', (...versions) => {
  const texts = versions.filter((version): version is string => typeof version === 'string');
  expect(new Set(texts.map(causeIdOf)).size).toBe(1);
});

it('no two rows are the same cause', () => {
  const ids = CORPUS.map(([first = '']) => causeIdOf(first));
  expect(new Set(ids).size).toBe(CORPUS.length);
});

describe('a template', () => {
  it.each([
    ['{"error":"phone is invalid for event call-17-ended"}', '{"error":"phone is invalid for event #"}'],
    ['retry in 30 seconds', 'retry in # seconds'],
    ['  many\n\n  blanks ', 'many blanks'],
    ["can't find it, isn't there", "can't find it, isn't there"],
  ])('of %j is %j', (text, template) => expect(foldResponse(text)).toBe(template));
});

it('says the reason, what an expired event failed of, and the fields of an invalid one', () => {
  const record = { attempt: 1, atMs: 0, durationMs: 1, worker: 'w', outcome: 'dead' } as const;
  expect(
    causeOf('expired', { ...record, reason: 'expired', lastReason: 'connect', code: 'ECONNREFUSED' }),
  ).toMatchObject({
    reason: 'expired',
    template: 'connect ECONNREFUSED',
  });
  const faults = ['body: found text of 12 characters; allowed: x'];
  expect(causeOf('invalid_event', { ...record, reason: 'invalid_event', faults }).template).toBe(
    'body: found text of # characters; allowed: x',
  );
  expect(causeOf('stalled', null)).toMatchObject({ reason: 'stalled', template: '' });
});

it('is the same in every worker and version: this id must never change', () => {
  expect(causeIdOf('{"error":"phone is invalid for event call-17-ended"}')).toBe('http_422.35wckeasdgsu9');
});
