import { defineConfig } from 'vitest/config';

/**
 * The one configuration of all packages; each runs it from its own folder. The JSON file is what `npm test` adds up to
 * its closing line. Two workers, since a suite may start a Redis and programs of its own.
 */
export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    maxWorkers: 2,
    reporters: ['default', ['json', { outputFile: 'test-results.json' }]],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
