import { expect, it } from 'vitest';
import { RequestLog, requestView } from './request-log.js';

const facts = (id: string | null, signatureValid: boolean | null = true) => ({
  id,
  thread: null,
  signatureValid,
  atMs: 1,
  startedMs: 100,
  rule: null,
  connection: 1,
});

it('keeps the newest in order of arrival', () => {
  const log = new RequestLog(3);
  for (const id of ['a', 'b', 'a', 'c', 'a']) log.begin(facts(id));
  expect(log.list(null).map(({ sequence, id }) => [sequence, id])).toEqual([
    [3, 'a'],
    [4, 'c'],
    [5, 'a'],
  ]);
  expect(log.list('a').map(({ sequence }) => sequence)).toEqual([3, 5]);
  expect(log.total).toBe(5);
});

it('counts a refusal as invalid unless it was for the signature', () => {
  const log = new RequestLog(3);
  log.decide(log.begin(facts('a', false)), { outcome: 'refused', status: 401 });
  log.decide(log.begin(facts('b')), { outcome: 'refused', status: 422 });
  log.decide(log.begin(facts(null, null)), { outcome: 'refused', status: 413 });
  log.decide(log.begin(facts('c', false)), { outcome: 'misbehaved', status: null });
  expect(log.counts).toEqual({ refused: 3, misbehaved: 1, badSignatures: 2, invalid: 2 });
});

it('shows how long a request has lasted, or did last, once it is decided', () => {
  const log = new RequestLog(3);
  const request = log.begin(facts('a'));
  expect(requestView(request, 150)).toBeNull();
  log.decide(request, { outcome: 'misbehaved', status: null });
  expect(requestView(request, 150.26)?.durationMs).toBe(50.3);
  request.endedMs = 175;
  expect(requestView(request, 900)?.durationMs).toBe(75);
});
