import { describe, expect, test } from 'vitest';
import { parseDuration } from './duration.js';
import { parseMoment } from './moment.js';
import { parseRate } from './rate.js';

describe('a duration', () => {
  test.each([
    ['90s', 90_000],
    ['15m', 900_000],
    ['2h', 7_200_000],
    ['3d', 259_200_000],
    ['1w', 604_800_000],
    ['1h30m', 5_400_000],
    ['0s', 0],
  ])('%s is %i ms', (text, durationMs) => {
    expect(parseDuration(text)).toBe(durationMs);
  });

  test.each(['', '2', 'h', '-2h', '2 h', '1.5h', '2y', '2h ', '9999999999s'])('%j is none', (text) => {
    expect(parseDuration(text)).toBeNull();
  });
});

describe('a moment', () => {
  const nowMs = Date.parse('2026-11-23T12:00:00Z');

  test.each([
    ['2h', '2026-11-23T10:00:00Z'],
    ['2026-11-23T02:00:00Z', '2026-11-23T02:00:00Z'],
    ['2026-11-23T02:00:00+0530', '2026-11-22T20:30:00Z'],
    ['2026-11-23T02:00:00,5+00:00', '2026-11-23T02:00:00.500Z'],
    ['2026-11-23T02:00Z', '2026-11-23T02:00:00Z'],
  ])('%s is %s', (text, iso) => {
    expect(parseMoment(text, nowMs)).toBe(Date.parse(iso));
  });

  test.each(['yesterday', '2026-11-23', '2026-11-23T02:00:00', '2026-02-30T02:00:00Z'])(
    '%s is none: no zone, or no such day',
    (text) => {
      expect(parseMoment(text, nowMs)).toBeNull();
    },
  );
});

describe('a rate', () => {
  test.each([
    ['50', 50],
    ['50/s', 50],
    ['0.5/s', 0.5],
    ['600/m', 10],
  ])('%s is %f per second', (text, perSecond) => {
    expect(parseRate(text)).toBe(perSecond);
  });

  test.each(['0', '-1', '10001', '5/h', '', 'fast', '1e3'])('%j is none', (text) => {
    expect(parseRate(text)).toBeNull();
  });
});
