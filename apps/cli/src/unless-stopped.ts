import type { Surroundings } from './context.js';
import { InterruptedError, OutputClosedError } from './errors.js';

/**
 * The work's value, unless it is stopped before. What the work does after that is nobody's concern: it only reads.
 *
 * @throws InterruptedError, OutputClosedError
 */
export async function unlessStopped<T>(work: Promise<T>, surroundings: Surroundings): Promise<T> {
  const { interrupted, outputClosed } = surroundings;
  const settled = new AbortController();
  try {
    return await Promise.race([
      work,
      rejection(interrupted, () => new InterruptedError(), settled.signal),
      rejection(outputClosed, () => new OutputClosedError(), settled.signal),
    ]);
  } finally {
    settled.abort();
  }
}

function rejection(signal: AbortSignal, error: () => Error, settled: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(error());
    else signal.addEventListener('abort', () => reject(error()), { once: true, signal: settled });
  });
}
