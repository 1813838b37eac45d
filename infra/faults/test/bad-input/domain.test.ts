import {
  DEFAULT_RETRY_POLICY,
  isTimestamp,
  judgeAttempt,
  maskEcho,
  maskEvent,
  maskText,
  parseCallEvent,
  parseRetryAfter,
  serialiseEvent,
} from '@callpost/domain';
import fc from 'fast-check';
import { expect } from 'vitest';
import { anEvent, anyJson, fuzz, oddText } from './fuzz.js';

const FIELDS = [
  'id',
  'direction',
  'to',
  'from',
  'body',
  'created_at',
  'attachments',
  'thread_id',
  'assignee',
];

fuzz('any JSON at all is an event or has faults', 10_000, anyJson, (value) => {
  const parsed = parseCallEvent(value);
  if (parsed.ok) return;
  expect(parsed.faults.length).toBeGreaterThan(0);
  for (const { field, found, allowed } of parsed.faults) {
    expect(field).not.toBe('');
    expect(found).not.toBe('');
    expect(allowed).not.toBe('');
  }
});

fuzz(
  'a field of an event replaced by anything is accepted, or is the one at fault, and never quoted',
  20_000,
  fc.tuple(anEvent, fc.constantFrom(...FIELDS), fc.oneof(anyJson, oddText)),
  ([event, field, value]) => {
    const parsed = parseCallEvent({ ...event, [field]: value });
    if (parsed.ok) return;
    for (const fault of parsed.faults) {
      expect(fault.field.split(/[.[]/)[0]).toBe(field);
      if (typeof value === 'string' && value.length > 20) expect(JSON.stringify(fault)).not.toContain(value);
    }
  },
);

fuzz('what is sent is well-formed JSON of the very event', 10_000, anEvent, (event) => {
  const parsed = parseCallEvent(event);
  if (!parsed.ok) return;
  const text = serialiseEvent(parsed.event);
  expect(text.isWellFormed()).toBe(true);
  expect(/\\ud[89a-f]/i.test(text.replaceAll('\\\\', ''))).toBe(false);
  expect(JSON.parse(text).body).toBe(parsed.event.body.toWellFormed());
});

const digits = (length: number) =>
  fc.integer({ min: 0, max: 10 ** length - 1 }).map((n) => String(n).padStart(length, '0'));
const nearlyTimestamp = fc
  .tuple(
    digits(4),
    digits(2),
    digits(2),
    digits(2),
    digits(2),
    digits(2),
    fc.constantFrom('Z', '+0000', '-05:30', '+9999', '', 'z', '.5Z'),
  )
  .map(
    ([year, month, day, hour, minute, second, zone]) =>
      `${year}-${month}-${day}T${hour}:${minute}:${second}${zone}`,
  );

fuzz(
  'a text is a timestamp only if it is a moment that exists',
  20_000,
  fc.oneof(nearlyTimestamp, oddText),
  (text) => {
    if (!isTimestamp(text)) return;
    // JavaScript wants a colon in the zone, no comma in the fraction and three digits of year at least.
    const readable = text.replace(',', '.').replace(/([+-]\d\d)(\d\d)$/, '$1:$2');
    expect(Number.isNaN(Date.parse(readable))).toBe(false);
  },
);

const nearlyRetryAfter = fc.oneof(
  oddText,
  fc.bigInt({ min: -1_000n, max: 10n ** 12n }).map(String),
  fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
  fc
    .tuple(fc.constantFrom('Mon', 'Tuesday', 'Sun,'), oddText)
    .map(([day, rest]) => `${day} ${rest} 12:34:56`),
);

fuzz(
  'a Retry-After is a wait or nothing, and the next attempt is never before now nor after the cap',
  20_000,
  fc.tuple(nearlyRetryAfter, fc.integer({ min: 0, max: 4e12 }), fc.constantFrom(429, 503)),
  ([header, nowMs, status]) => {
    const waitMs = parseRetryAfter(header, nowMs);
    if (waitMs !== null) {
      expect(Number.isFinite(waitMs)).toBe(true);
      expect(waitMs).toBeGreaterThanOrEqual(0);
    }
    const verdict = judgeAttempt(
      { kind: 'answered', status, retryAfter: header },
      { attempt: 1, queuedAtMs: nowMs, nowMs, random: 0.5 },
      DEFAULT_RETRY_POLICY,
    );
    expect(['retry', 'dead']).toContain(verdict.outcome);
    if (verdict.outcome !== 'retry') return;
    expect(verdict.retryAtMs).toBeGreaterThanOrEqual(nowMs);
    expect(verdict.retryAtMs - nowMs).toBeLessThanOrEqual(
      Math.max(DEFAULT_RETRY_POLICY.retryAfterCapMs, DEFAULT_RETRY_POLICY.capMs) * 2,
    );
  },
);

fuzz(
  'masking hides the numbers, names and bodies, whatever is around them',
  6_000,
  fc.tuple(anEvent, oddText, oddText),
  ([event, before, after]) => {
    const parsed = parseCallEvent(event);
    if (!parsed.ok) return;
    const { body, from } = parsed.event;
    expect(maskText(`${before}\n+15105550199\n${after}`)).not.toContain('+15105550199');
    if (body.trim().length > 3)
      expect(maskEcho(`${before}\n${body}\n${after}`, parsed.event)).not.toContain(`\n${body}\n`);
    const shown = JSON.stringify(maskEvent(parsed.event));
    expect(shown).not.toContain(from.phone);
  },
);
