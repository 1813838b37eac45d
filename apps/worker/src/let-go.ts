import { within } from './within.js';

const LET_GO_MS = 1_000;

/**
 * Ends something at the end of the worker that Redis is told of by courtesy only: without a word it would find out by
 * itself. A Redis that is away must not hold up the end for that.
 */
export async function letGo(stop: () => unknown): Promise<void> {
  await within(
    Promise.resolve(stop()).catch(() => undefined),
    LET_GO_MS,
  );
}
