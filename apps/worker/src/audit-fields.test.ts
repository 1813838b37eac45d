import { expect, it } from 'vitest';
import { auditFields } from './audit-fields.js';

const ENTRY = {
  atMs: Date.UTC(2026, 10, 23, 2),
  who: 'root as Kim',
  via: 'cli',
  action: 'replay_pause',
  channel: 'default',
  filter: { match: 'no +15105550199', sinceMs: 1_795_400_000_000 },
  counts: { planned: 3 },
  comment: 'jane@example.com called from +15105550199, OPS-12',
  runId: '20261123-0331-x7k2',
} as const;

it('has what was done, by whom and when; what a person typed is masked, times are not', () => {
  expect(auditFields(ENTRY)).toEqual({
    at: '2026-11-23T02:00:00.000Z',
    who: 'root as Kim',
    via: 'cli',
    action: 'replay_pause',
    channel: 'default',
    filter: { match: 'no +1510•••0199', sinceMs: 1_795_400_000_000 },
    counts: { planned: 3 },
    comment: '••• called from +1510•••0199, OPS-12',
    run: '20261123-0331-x7k2',
  });
});

it('leaves out a run and a comment that are not there', () => {
  const { runId: _, ...entry } = ENTRY;
  const fields = auditFields({ ...entry, action: 'reindex', filter: {}, comment: null });
  expect(fields).toMatchObject({ filter: {}, comment: null });
  expect(fields).not.toHaveProperty('run');
});
