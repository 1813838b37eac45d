import { expect, it } from 'vitest';
import { signalOf } from './channel-signal.js';
import type { AttemptResult } from './verdict.js';

const answered = (status: number, retryAfter: string | null = null): AttemptResult => ({
  kind: 'answered',
  status,
  retryAfter,
});
const at = { nowMs: 1_700_000_000_000, retryAfterCapMs: 60_000 };

it.each([
  ['accepted', answered(201), { kind: 'ok' }],
  ['an event it refuses', answered(422), { kind: 'ok' }],
  ['an error', answered(503), { kind: 'failed', waitMs: null }],
  ['an error that says how long', answered(503, '7'), { kind: 'failed', waitMs: 7_000 }],
  ['longer than is heeded', answered(503, '3600'), { kind: 'failed', waitMs: 60_000 }],
  ['a date', answered(503, new Date(at.nowMs + 5_000).toUTCString()), { kind: 'failed', waitMs: 5_000 }],
  ['no wait at all', answered(503, '0'), { kind: 'failed', waitMs: null }],
  ['no HTTP status', answered(700), { kind: 'failed', waitMs: null }],
  ['too many', answered(429), { kind: 'limited', waitMs: 1_000 }],
  ['too many, for so long', answered(429, '7'), { kind: 'limited', waitMs: 7_000 }],
  ['this event later', answered(425), { kind: 'none' }],
  ['a wrong secret', answered(401), { kind: 'refused', status: 401 }],
  ['forbidden', answered(403), { kind: 'refused', status: 403 }],
  ['no such channel', answered(404), { kind: 'refused', status: 404 }],
  ['gone', answered(410), { kind: 'refused', status: 410 }],
  ['a redirect', answered(307), { kind: 'refused', status: 307 }],
  [
    'no connection',
    { kind: 'failed', reason: 'connect', mayHaveArrived: false },
    { kind: 'failed', waitMs: null },
  ],
  ['broken off by us', { kind: 'interrupted', reason: 'shutdown', mayHaveArrived: true }, { kind: 'none' }],
] as const)('%s', (_, result, signal) => expect(signalOf(result, at)).toEqual(signal));
