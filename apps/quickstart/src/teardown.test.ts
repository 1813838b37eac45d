import { describe, expect, it } from 'vitest';
import { createTeardown } from './teardown.js';

describe('the teardown', () => {
  it('stops the last thing started first, once, whatever fails on the way', async () => {
    const stopped: string[] = [];
    const troubles: unknown[] = [];
    const teardown = createTeardown((error) => troubles.push(error));
    teardown.add(() => void stopped.push('redis'));
    teardown.add(() => Promise.reject(new Error('does not stop')));
    teardown.add(async () => void stopped.push('worker'));
    expect(teardown.hasBegun).toBe(false);
    await Promise.all([teardown.run(), teardown.run()]);
    expect(teardown.hasBegun).toBe(true);
    expect(stopped).toEqual(['worker', 'redis']);
    expect(troubles).toEqual([new Error('does not stop')]);
  });

  it('also stops what is started while everything is being stopped', async () => {
    const stopped: string[] = [];
    const teardown = createTeardown(() => undefined);
    teardown.add(() => void stopped.push('redis'));
    const run = teardown.run();
    teardown.add(() => void stopped.push('worker'));
    await run;
    await teardown.run();
    expect(stopped).toEqual(['redis', 'worker']);
  });
});
