import type { Logger } from '@callpost/telemetry';

/** SIGUSR2 turns the lines of level `debug` on, and back to LOG_LEVEL, without a restart that would end what is seen. */
export function onLogLevelSignal(logger: Logger): void {
  const configured = logger.level;
  process.on('SIGUSR2', () => {
    const logLevel = logger.level === 'debug' ? configured : 'debug';
    // Said while the level is `debug`, so that it is seen whatever the other one is.
    logger.level = 'debug';
    logger.info({ logLevel }, 'log level changed');
    logger.level = logLevel;
  });
}
