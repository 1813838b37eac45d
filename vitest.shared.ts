/**
 * What every package's `vitest.config.ts` shares. The JSON file is what `npm test` adds up to its closing line.
 * `maxWorkers: 2` because a suite may start its own Redis and child processes.
 */
export const shared = {
  include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
  maxWorkers: 2,
  reporters: ['default', ['json', { outputFile: 'test-results.json' }]] as [
    'default',
    ['json', { outputFile: string }],
  ],
  testTimeout: 30_000,
  hookTimeout: 60_000,
};
