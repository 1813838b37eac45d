import { describe, expect, it } from 'vitest';
import { readConfig } from './config.js';

const read = (...args: string[]) =>
  readConfig(['node', 'main.js', ...args], {
    PATH: '/usr/bin',
    HOME: '/home/someone',
    REAMAZE_SHARED_SECRET: 'the real one',
    CHANNELS_FILE: '/etc/callpost/channels.yaml',
    REDIS_URL: 'redis://production:6379',
  });

describe('the configuration', () => {
  it('has a default for everything', () => {
    expect(read()).toMatchObject({ calls: 6, exit: false, data: expect.stringMatching(/\/\.callpost$/) });
    expect(read('--calls', '20', '--exit', '--data', 'here')).toMatchObject({
      calls: 20,
      exit: true,
      data: 'here',
    });
  });

  it('passes nothing of a real Callpost on to the programs', () => {
    expect(read().childEnv).toEqual({ PATH: '/usr/bin', HOME: '/home/someone' });
  });
});
