import { createHash } from 'node:crypto';
import { addStandardJob } from 'bullmq/dist/esm/scripts/addStandardJob-9.js';
import { moveToFinished } from 'bullmq/dist/esm/scripts/moveToFinished-14.js';
import { reprocessJob } from 'bullmq/dist/esm/scripts/reprocessJob-9.js';
import { expect, it } from 'vitest';

/*
 * The lanes' scripts contain these of BullMQ, or do what they do. When this fails, BullMQ has changed them: read what, run
 * the lanes' tests and the fault suite, and only then write down the new hashes.
 */
it.each([
  [addStandardJob, '2eee45c9ffc54d24'],
  [moveToFinished, '8e744ec5d65dbe9e'],
  [reprocessJob, '4ea1093385a87676'],
])('$name of BullMQ is the one that the lanes were written for', ({ content }, hash) => {
  expect(createHash('sha256').update(content).digest('hex').slice(0, 16)).toBe(hash);
});
