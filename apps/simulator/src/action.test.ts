import { expect, it } from 'vitest';
import { type Action, acceptsEvent, actionSchema, statusOf } from './action.js';

it.each<[Action, number | null, boolean]>([
  [{ kind: 'status', status: 199 }, 199, false],
  [{ kind: 'status', status: 200 }, 200, true],
  [{ kind: 'status', status: 299 }, 299, true],
  [{ kind: 'status', status: 300 }, 300, false],
  [{ kind: 'rate_limit' }, 429, false],
  [{ kind: 'hang' }, null, false],
  [{ kind: 'hang_body' }, 200, true],
  [{ kind: 'reset_before' }, null, false],
  [{ kind: 'reset_after' }, null, true],
  [{ kind: 'wrong_secret' }, 401, false],
  [{ kind: 'huge', bytes: 1 }, 200, true],
  [{ kind: 'huge', bytes: 1, status: 500 }, 500, false],
  [{ kind: 'truncated' }, 200, true],
  [{ kind: 'truncated', status: 422 }, 422, false],
  [{ kind: 'garbage' }, null, false],
  [{ kind: 'redirect', status: 307, location: '/' }, 307, false],
])('%o sends status %s; accepts the event: %s', (action, status, accepts) => {
  expect(actionSchema.parse(action)).toEqual(action);
  if (action.kind === 'accept') throw new Error('accept is no misbehaviour');
  expect([statusOf(action), acceptsEvent(action)]).toEqual([status, accepts]);
});

it('refuses headers that HTTP would not carry', () => {
  const withHeader = (name: string, value: string) =>
    actionSchema.safeParse({ kind: 'status', status: 200, headers: { [name]: value } }).success;
  expect(withHeader('x-name', 'a value')).toBe(true);
  expect(withHeader('x-name', 'two\r\nlines: 1')).toBe(false);
  expect(withHeader('x-name', '\u2028')).toBe(false);
  expect(withHeader('', 'value')).toBe(false);
});
