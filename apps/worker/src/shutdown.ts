import type { Logger } from '@callpost/telemetry';

/** After the grace: time to hand events back and to close connections, before the process ends whatever is left. */
const HAND_BACK_MS = 3_000;

/**
 * Runs `shutDown` once, on the first SIGTERM or SIGINT, and ends the process: with 0 when all was settled or handed
 * back in time, with 1 at the deadline, since BullMQ's own closing waits for a Redis that may be away for ever. What is
 * not handed back then is taken by another worker when its lock runs out. A second signal ends the process at once.
 */
export function onShutdownSignal(shutDown: () => Promise<void>, graceMs: number, logger: Logger): void {
  let isShuttingDown = false;

  async function run(signal: NodeJS.Signals): Promise<void> {
    if (isShuttingDown) process.exit(1);
    isShuttingDown = true;
    logger.info({ signal, graceMs }, 'worker stops');
    const deadline = setTimeout(() => {
      logger.error('worker did not stop in time; what it held is taken over when its locks run out');
      process.exit(1);
    }, graceMs + HAND_BACK_MS);
    await shutDown();
    clearTimeout(deadline);
    logger.info('worker stopped');
    process.exit(0);
  }

  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void run(signal));
}
