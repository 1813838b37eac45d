import { HAND_BACK_MS } from '@callpost/queue';
import type { Logger } from '@callpost/telemetry';

/** After events were handed back, or were not: for the last traces and for connections to close. */
const CLOSE_MS = 2_000;

export interface ShutdownOptions {
  /** For attempts under way. */
  readonly graceMs: number;
  /** How long Redis keeps an event for a worker that has gone. */
  readonly lockDurationMs: number;
  readonly logger: Logger;
}

/**
 * Runs `shutDown` once, on the first SIGTERM or SIGINT, and ends the process: with 0 when every event was settled or
 * handed back, with 1 when some were left since Redis was away, or when anything has not ended by the deadline. A second
 * signal ends the process at once.
 *
 * @param shutDown resolves to the number of events that are left
 */
export function onShutdownSignal(
  shutDown: () => Promise<number>,
  { graceMs, lockDurationMs, logger }: ShutdownOptions,
): void {
  let isShuttingDown = false;
  // A lock that runs out is seen by the next check of any worker, which is made twice in its duration.
  const takenUpWithinMs = 1.5 * lockDurationMs;

  async function run(signal: NodeJS.Signals): Promise<void> {
    if (isShuttingDown) process.exit(1);
    isShuttingDown = true;
    logger.info({ signal, graceMs }, 'worker stops');
    const deadline = setTimeout(
      () => {
        logger.error('worker did not stop in time; what it held is taken over when its locks run out');
        process.exit(1);
      },
      graceMs + HAND_BACK_MS + CLOSE_MS,
    );
    const left = await shutDown();
    clearTimeout(deadline);
    if (left === 0) {
      logger.info('worker stopped');
      process.exit(0);
    }
    logger.error(
      { left, takenUpWithinMs },
      'worker stopped, but Redis did not take back all that it held; another worker takes that up when its locks run out',
    );
    process.exit(1);
  }

  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void run(signal));
}
