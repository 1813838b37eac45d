import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { eventually } from '@callpost/testkit';

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for one without. */
  readonly parentSpanId: string;
  readonly name: string;
  /** OTLP's number: 1 internal, 4 producer, 5 consumer. */
  readonly kind: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** OTLP's number: 2 is an error. */
  readonly statusCode: number;
  /** Of the process that wrote it. */
  readonly resource: Readonly<Record<string, unknown>>;
}

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly KeyValue[];
  readonly status: { readonly code: number };
}

interface KeyValue {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** As the protocol package decodes it, with numbers of 64 bits and bytes as text. */
interface Request {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly { readonly spans: readonly Span[] }[];
  }[];
}

/**
 * What stands for a collector: OTLP over HTTP, its protobuf decoded by OpenTelemetry's own description of the protocol, of
 * another version than what the apps encode with.
 */
export async function startOtlpReceiver() {
  const { opentelemetry } = createRequire(import.meta.url)('otlp-protocol/build/src/generated/root.js');
  const { ExportTraceServiceRequest } = opentelemetry.proto.collector.trace.v1;
  const spans: ReceivedSpan[] = [];
  const server = createServer(async (request, response) => {
    const chunks = await request.toArray();
    const isTraces = request.method === 'POST' && request.url === '/v1/traces';
    if (!isTraces || request.headers['content-type'] !== 'application/x-protobuf') {
      response.writeHead(404).end();
      return;
    }
    const decoded = ExportTraceServiceRequest.decode(Buffer.concat(chunks));
    spans.push(
      ...spansOf(
        ExportTraceServiceRequest.toObject(decoded, { longs: String, bytes: String, defaults: true }),
      ),
    );
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: spans as readonly ReceivedSpan[],
    /** All of them once there are so many, by their start. */
    wait: (count: number) =>
      eventually(() => {
        if (spans.length < count) throw new Error(`${spans.length} of ${count} spans`);
        return spans.toSorted((a, b) => a.startMs - b.startMs || a.endMs - b.endMs);
      }),
    stop: () => void server.close().closeAllConnections(),
  };
}

function spansOf({ resourceSpans }: Request): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) => spans.map((span) => spanOf(span, valuesOf(resource.attributes)))),
  );
}

function spanOf(span: Span, resource: Readonly<Record<string, unknown>>): ReceivedSpan {
  const hex = (bytes: string) => Buffer.from(bytes, 'base64').toString('hex');
  const {
    traceId,
    spanId,
    parentSpanId,
    name,
    kind,
    startTimeUnixNano,
    endTimeUnixNano,
    attributes,
    status,
  } = span;
  return {
    traceId: hex(traceId),
    spanId: hex(spanId),
    parentSpanId: hex(parentSpanId),
    name,
    kind,
    startMs: Number(BigInt(startTimeUnixNano) / 1_000_000n),
    endMs: Number(BigInt(endTimeUnixNano) / 1_000_000n),
    attributes: valuesOf(attributes),
    statusCode: status.code,
    resource,
  };
}

function valuesOf(pairs: readonly KeyValue[]): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map(({ key, value }) => {
      const { intValue, stringValue, boolValue, doubleValue } = value;
      return [key, stringValue || boolValue || doubleValue || Number(intValue)];
    }),
  );
}
