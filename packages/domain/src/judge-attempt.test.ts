import { describe, expect, it } from 'vitest';
import { backoffMs, judgeAttempt, DEFAULT_RETRY_POLICY as policy } from './judge-attempt.js';
import { reasonOfNetworkError } from './reason.js';
import type { AttemptResult } from './verdict.js';

const first = { attempt: 1, queuedAtMs: 0, nowMs: 0, random: 0 };
const answered = (status: number, retryAfter: string | null = null): AttemptResult => ({
  kind: 'answered',
  status,
  retryAfter,
});
const failed: AttemptResult = { kind: 'failed', reason: 'connect', mayHaveArrived: false };

/** DESIGN §4, in ranges: what each status means on a first attempt, and why. */
const MEANING: ReadonlyArray<
  readonly [from: number, to: number, outcome: string, reason: string | undefined]
> = [
  [100, 199, 'retry', 'protocol'],
  [200, 299, 'delivered', undefined],
  [300, 399, 'dead', 'misconfigured'],
  [400, 400, 'dead', 'http_400'],
  [401, 401, 'dead', 'http_401'],
  [402, 402, 'dead', 'http_4xx'],
  [403, 403, 'dead', 'http_403'],
  [404, 404, 'dead', 'http_404'],
  [405, 407, 'dead', 'http_4xx'],
  [408, 408, 'retry', 'http_408'],
  [409, 409, 'dead', 'http_409'],
  [410, 410, 'dead', 'http_410'],
  [411, 412, 'dead', 'http_4xx'],
  [413, 413, 'dead', 'http_413'],
  [414, 414, 'dead', 'http_4xx'],
  [415, 415, 'dead', 'http_415'],
  [416, 421, 'dead', 'http_4xx'],
  [422, 422, 'dead', 'http_422'],
  [423, 424, 'dead', 'http_4xx'],
  [425, 425, 'retry', 'http_425'],
  [426, 428, 'dead', 'http_4xx'],
  [429, 429, 'retry', 'http_429'],
  [430, 499, 'dead', 'http_4xx'],
  [500, 599, 'retry', 'http_5xx'],
];

describe('every status from 100 to 599', () => {
  const rows = MEANING.flatMap(([from, to, outcome, reason]) =>
    Array.from({ length: to - from + 1 }, (_, index) => [from + index, outcome, reason] as const),
  );

  it('is in the table once', () => {
    expect(rows.map(([status]) => status)).toEqual(Array.from({ length: 500 }, (_, index) => 100 + index));
  });

  it.each(rows)('%i is %s', (status, outcome, reason) => {
    const verdict = judgeAttempt(answered(status), first, policy);
    expect(verdict.outcome).toBe(outcome);
    expect('reason' in verdict ? verdict.reason : undefined).toBe(reason);
  });
});

describe('retry time', () => {
  it.each([
    [1, 1_000],
    [2, 2_000],
    [3, 4_000],
    [10, 512_000],
    [11, 600_000],
    [199, 600_000],
    [100_000, 600_000],
  ])('after attempt %i at most %i ms, at least half of it', (attempt, longestMs) => {
    expect(backoffMs(attempt, 0, policy)).toBe(longestMs);
    expect(backoffMs(attempt, 0.999999, policy)).toBeGreaterThanOrEqual(longestMs / 2);
  });

  it.each([
    ['seconds', '7', 7_000],
    ['an HTTP date', new Date(1_700_000_009_000).toUTCString(), 9_000],
    ['a date of the past', new Date(1_600_000_000_000).toUTCString(), 1_000],
    ['nothing', null, 1_000],
    ['zero', '0', 1_000],
    ['nonsense', 'soon', 1_000],
    ['a negative number', '-5', 1_000],
    ['a fraction', '1.5', 1_000],
    ['more than the cap', '999999999', 3_600_000],
  ])('Retry-After in %s on 429 and 503', (_, header, waitMs) => {
    const at = { ...first, queuedAtMs: 1_700_000_000_000, nowMs: 1_700_000_000_000 };
    for (const status of [429, 503]) {
      expect(judgeAttempt(answered(status, header), at, policy)).toMatchObject({
        outcome: 'retry',
        retryAtMs: at.nowMs + waitMs,
      });
    }
  });

  it('is never before what was asked for, whatever the jitter', () => {
    for (const random of [0, 0.5, 0.999]) {
      const verdict = judgeAttempt(answered(429, '30'), { ...first, random }, policy);
      expect(verdict.outcome === 'retry' && verdict.retryAtMs).toBeGreaterThanOrEqual(30_000);
    }
  });

  it('is never before the backoff either', () => {
    const verdict = judgeAttempt(answered(503, '1'), { ...first, attempt: 8 }, policy);
    expect(verdict).toMatchObject({ retryAtMs: 128_000 });
  });
});

describe('limits', () => {
  const dayMs = 86_400_000;

  it('dies of age when the next attempt would be too late, and says what of', () => {
    const at = { ...first, attempt: 3, nowMs: dayMs - 3_000 };
    expect(judgeAttempt(answered(503), at, policy)).toEqual({
      outcome: 'dead',
      reason: 'expired',
      lastReason: 'http_5xx',
    });
    expect(judgeAttempt(answered(503), { ...at, nowMs: dayMs - 4_000 }, policy).outcome).toBe('retry');
  });

  it('does not age while its channel is stopped', () => {
    const at = { ...first, attempt: 3, nowMs: 2 * dayMs, stoppedMs: dayMs + 10_000 };
    expect(judgeAttempt(answered(503), at, policy).outcome).toBe('retry');
    expect(judgeAttempt(answered(503), { ...at, stoppedMs: dayMs }, policy).outcome).toBe('dead');
  });

  it('dies exhausted after the last attempt', () => {
    const at = { ...first, attempt: 200 };
    expect(judgeAttempt(failed, at, policy)).toEqual({
      outcome: 'dead',
      reason: 'exhausted',
      lastReason: 'connect',
    });
    expect(judgeAttempt(failed, { ...at, attempt: 199 }, policy).outcome).toBe('retry');
  });

  it('is delivered however old', () => {
    expect(judgeAttempt(answered(200), { ...first, attempt: 999, nowMs: 9 * dayMs }, policy).outcome).toBe(
      'delivered',
    );
  });

  it('with no retryable status every 4xx is dead', () => {
    const strict = { ...policy, retryableStatus: new Set<number>() };
    for (const status of [408, 425, 429])
      expect(judgeAttempt(answered(status), first, strict).outcome).toBe('dead');
    expect(judgeAttempt(answered(500), first, strict).outcome).toBe('retry');
  });
});

it.each([401, 403, 404, 410, 307])('%i of a channel that is held is no verdict on the event', (status) => {
  expect(judgeAttempt(answered(status), { ...first, isChannelHeld: true }, policy)).toEqual({
    outcome: 'interrupted',
    reason: 'channel_held',
  });
  expect(judgeAttempt(answered(422), { ...first, isChannelHeld: true }, policy).outcome).toBe('dead');
});

it('an interruption is nobody’s failure', () => {
  const interrupted: AttemptResult = { kind: 'interrupted', reason: 'shutdown', mayHaveArrived: true };
  const at = { ...first, attempt: 200, nowMs: 99 * 86_400_000 };
  expect(judgeAttempt(interrupted, at, policy)).toEqual({ outcome: 'interrupted', reason: 'shutdown' });
});

it.each([
  ['ENOTFOUND', 'dns'],
  ['EAI_AGAIN', 'dns'],
  ['ECONNREFUSED', 'connect'],
  ['UND_ERR_CONNECT_TIMEOUT', 'connect'],
  ['ATTEMPT_DEADLINE', 'timeout'],
  ['ECONNRESET', 'reset'],
  ['UND_ERR_SOCKET', 'reset'],
  ['EPIPE', 'reset'],
  ['CERT_HAS_EXPIRED', 'tls'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls'],
  ['HPE_INVALID_CONSTANT', 'protocol'],
  ['SOMETHING_NEW', 'network'],
  ['constructor', 'network'],
  [undefined, 'network'],
])('network error %s is %s', (code, reason) => expect(reasonOfNetworkError(code)).toBe(reason));
