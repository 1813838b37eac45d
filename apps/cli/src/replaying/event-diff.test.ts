import { sampleEvent } from '@callpost/testkit';
import { expect, test } from 'vitest';
import { diffEvents, diffText } from './event-diff.js';

const plain = (_: unknown, text: string) => text;
const before = sampleEvent({ id: 'a', assignee: { email: 'old@example.com' } });

test('what changed, came and went, field by field', () => {
  const { direction: _, ...rest } = before;
  const after = { ...rest, assignee: { email: 'new@example.com' }, attachments: ['https://x.example/a.mp3'] };
  expect(diffText(diffEvents(before, after, true), plain)).toBe(
    [
      '- direction: "inbound"\n',
      '- assignee.email: "old@example.com"\n',
      '+ assignee.email: "new@example.com"\n',
      '+ attachments: ["https://x.example/a.mp3"]\n',
    ]
      .sort((a, b) => Number(a.includes('attachments')) - Number(b.includes('attachments')))
      .join(''),
  );
});

test('a change of what is masked is shown, and masked', () => {
  const changes = diffEvents(before, { ...before, assignee: { email: 'new@example.com' } }, false);
  expect(changes.map(({ field }) => field)).toEqual(['assignee.email']);
  expect(diffText(changes, plain)).not.toContain('example.com');
});

test('an event that does not fit the schema is shown by kinds', () => {
  const text = diffText(diffEvents({ id: 'a', body: 'Jane' }, before, false), plain);
  expect(text).toContain('- body: ');
  expect(text).not.toContain('Jane');
});

test('nothing changed', () => {
  expect(diffEvents(before, { ...before }, true)).toEqual([]);
});
