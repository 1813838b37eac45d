import { expect, it } from 'vitest';
import { RuleBook } from './rule-book.js';

const subject = (id: string | null) => ({ id, thread: null, text: null });

it('does not count a rule that another one forestalls', () => {
  const book = new RuleBook(10);
  book.replace([
    { name: 'first', times: 1, action: { kind: 'hang' } },
    { name: 'second', action: { kind: 'garbage' } },
  ]);
  expect([book.use(subject('a'))?.name, book.use(subject('a'))?.name]).toEqual(['first', 'second']);
  expect(book.list().map(({ uses }) => uses)).toEqual([1, 1]);
});

it('takes requests without an id for one id, which no other condition but an absent one matches', () => {
  const book = new RuleBook(10);
  book.replace([
    { name: 'prefix', match: { idPrefix: 'a' }, action: { kind: 'hang' } },
    { name: 'body', match: { bodyContains: 'a' }, action: { kind: 'hang' } },
    { name: 'once', timesPerId: 1, action: { kind: 'hang' } },
  ]);
  expect([book.use(subject(null))?.name, book.use(subject(null))?.name]).toEqual(['once', undefined]);
});

it('meets an id anew that it had to forget', () => {
  const book = new RuleBook(1);
  book.replace([{ name: 'once', timesPerId: 1, action: { kind: 'hang' } }]);
  const used = ['a', 'a', 'b', 'a'].map((id) => book.use(subject(id)) !== null);
  expect(used).toEqual([true, false, true, true]);
});

it('never uses a rule that is to be used 0 times', () => {
  const book = new RuleBook(1);
  book.replace([{ name: 'never', times: 0, action: { kind: 'hang' } }]);
  expect(book.use(subject('a'))).toBeNull();
});
