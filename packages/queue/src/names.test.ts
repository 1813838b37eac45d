import { describe, expect, it } from 'vitest';
import { eventIdOfJobId, jobIdOf, queueName } from './names.js';

const IDS = [
  'event-1',
  '0',
  '1234567890',
  '0:a:b',
  'a:b',
  'wait',
  'failed',
  '100%',
  '%3A',
  'with blank',
  'é📞',
  '*?[x]',
  'a\r\nb',
];

describe('a job id', () => {
  it.each(IDS)('of %j gives the event id back', (id) => expect(eventIdOfJobId(jobIdOf(id))).toBe(id));

  it.each(IDS)('of %j is one that BullMQ takes', (id) => {
    expect(jobIdOf(id)).not.toMatch(/[:\s]|^\d+$/);
  });

  it('differs whenever the event id does', () => {
    expect(new Set(IDS.map(jobIdOf)).size).toBe(IDS.length);
  });

  it('of another producer is not taken for ours', () => expect(eventIdOfJobId('17')).toBeNull());
});

it('a queue has the braces that Redis Cluster goes by', () =>
  expect(queueName('sales-eu')).toBe('{voice-sales-eu}'));

it.each(['', 'Sales', 'a:b', '{x}', 'a'.repeat(64), '-a'])('%j is no channel name', (name) => {
  expect(() => queueName(name)).toThrow(/^channel: found .*; allowed: 1 to 63 characters/);
});
