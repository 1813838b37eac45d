export type { AttemptEntry } from './attempt-entry.js';
export { createChannelLabel } from './channel-label.js';
export { createErrorLog, type ErrorLog } from './error-log.js';
export { createLogger, errorFields, LOG_LEVELS, type Logger, type LoggerOptions } from './logger.js';
export { type BuildInfo, createMetrics, type Metrics } from './metrics.js';
export { observeAttempt } from './observe-attempt.js';
