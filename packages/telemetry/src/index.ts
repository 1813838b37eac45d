export type { AttemptEntry } from './attempt-entry.js';
export { createChannelLabel } from './channel-label.js';
export { createErrorLog, type ErrorLog } from './error-log.js';
export { createLogger, errorFields, LOG_LEVELS, type Logger, type LoggerOptions } from './logger.js';
export { type BuildInfo, createMetrics, forgetFleet, type Metrics } from './metrics.js';
export { METRICS, type MetricDefinition } from './metrics-catalogue.js';
export { createChannelMetrics } from './metrics-of-channel.js';
export { observeAttempt } from './observe-attempt.js';
