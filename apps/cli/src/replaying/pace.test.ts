import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createPace } from './pace.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

test('the first step is due at once, and after an abort none is', async () => {
  const controller = new AbortController();
  const mayGoOn = createPace(0.001, controller.signal);
  expect(await mayGoOn()).toBe(true);
  const second = mayGoOn();
  controller.abort();
  expect(await second).toBe(false);
});

test('a slow step is made up for by one step at most', async () => {
  const mayGoOn = createPace(0.001, new AbortController().signal);
  await mayGoOn();
  vi.advanceTimersByTime(5_000_000);
  expect(await mayGoOn()).toBe(true);
  expect(await mayGoOn()).toBe(true);
  // The next is not due: it would wait for a thousand seconds, of which nobody waits for the end here.
  const next = Promise.race([mayGoOn(), Promise.resolve('waits')]);
  expect(await next).toBe('waits');
});
