import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { jsonList } from './json-list.js';

it.each([0, 1, 3, 20_000])('%i items are one JSON text', async (count) => {
  const items = Array.from({ length: count }, (_, index) => index);
  const json = await text(jsonList({ name: 'a "list"', items, view: (index) => ({ index, '}': ',' }) }));
  expect(JSON.parse(json)).toEqual({ 'a "list"': items.map((index) => ({ index, '}': ',' })) });
});
