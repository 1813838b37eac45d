import * as api from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { type AttemptFacts, createAttemptSpans, type Journey } from './attempt-spans.js';
import { createPlannedIds } from './planned-ids.js';

export interface TracingOptions {
  /** Unless OTEL_SERVICE_NAME says another. */
  readonly serviceName: string;
  readonly version?: string;
  /** Which process this is. */
  readonly instance?: string;
  /** Spans that could not be exported are gone; it is told here, each time. */
  readonly onError: (error: Error) => void;
}

export interface Tracing {
  /** OpenTelemetry's interface, by which a producer opens its spans; registered for the whole process. */
  readonly api: typeof api;
  /**
   * Writes down an attempt that ended at `finishedAtMs`.
   *
   * @returns the id of its trace, or null when that is not sampled
   */
  attempt(facts: AttemptFacts, journey: Journey, finishedAtMs: number): string | null;
  /** Exports what is left. Never rejects. */
  stop(): Promise<void>;
}

/**
 * Exports spans by OTLP over HTTP. Where to, with which headers, how many and what of them is sampled is read by
 * OpenTelemetry's SDK from the standard OTEL_ variables.
 */
export function startTracing({ serviceName, version, instance, onError }: TracingOptions): Tracing {
  const report = (message: string) => onError(new Error(message));
  api.diag.setLogger(
    { error: report, warn: report, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: api.DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  const ids = createPlannedIds();
  const provider = new BasicTracerProvider({
    idGenerator: ids,
    resource: defaultResource()
      .merge(
        resourceFromAttributes({
          'service.name': serviceName,
          ...(version === undefined ? {} : { 'service.version': version }),
          ...(instance === undefined ? {} : { 'service.instance.id': instance }),
        }),
      )
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  const propagator = new W3CTraceContextPropagator();
  api.trace.setGlobalTracerProvider(provider);
  api.propagation.setGlobalPropagator(propagator);
  return {
    api,
    attempt: createAttemptSpans({ tracer: provider.getTracer('@callpost/worker', version), propagator, ids }),
    stop: () => provider.shutdown().catch(onError),
  };
}

const ignore = () => undefined;
