import { expect, it } from 'vitest';
import { serialiseEvent } from './serialise.js';

const event = (body: string) => ({
  id: 'e',
  to: { phone: '+16505550100' },
  from: { phone: '+15105550199' },
  body,
});

it.each(['plain', 'emoji 📞', 'line\u2028separator', 'nul \0 inside', 'a backslash \\ud83d in words'])(
  'keeps %j as it is',
  (body) => expect(JSON.parse(serialiseEvent(event(body))).body).toBe(body),
);

it('replaces half a surrogate pair, which no parser agrees on, before anything is signed', () => {
  const text = serialiseEvent(event('broken \ud83d here'));
  expect(text).not.toMatch(/\\ud/);
  expect(JSON.parse(text).body).toBe('broken \ufffd here');
});

it('does so in names of fields and in lists as well', () => {
  const text = serialiseEvent({ ...event('x'), 'key\udc00': ['\ud800'] });
  expect(JSON.parse(text)['key\ufffd']).toEqual(['\ufffd']);
});

it('keeps the order of the fields', () => {
  expect(Object.keys(JSON.parse(serialiseEvent(event('x'))))).toEqual(['id', 'to', 'from', 'body']);
});
