export type { AttemptFacts, Journey } from './attempt-spans.js';
export { startTracing, type Tracing, type TracingOptions } from './start-tracing.js';
