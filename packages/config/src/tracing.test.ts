import { faultText } from '@callpost/domain';
import { expect, it } from 'vitest';
import { readTracing } from './tracing.js';

it.each(['http://127.0.0.1:4318', 'https://collector.example/otlp'])(
  'traces are on with %s to send them to',
  (url) => {
    expect(readTracing({ OTEL_EXPORTER_OTLP_ENDPOINT: url })).toEqual({ ok: true, value: true });
  },
);

it.each(['127.0.0.1:4318', 'localhost:4318', 'grpc://127.0.0.1:4317', 'somewhere'])(
  'a collector at %s is a fault, since nothing could be sent there',
  (url) => {
    const read = readTracing({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url });
    expect(read.ok || read.faults.map(faultText)).toEqual([
      `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: found "${url}"; allowed: an http: or https: URL, such as http://127.0.0.1:4318`,
    ]);
  },
);

it('while traces are off, no variable of OpenTelemetry is a fault', () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'somewhere' };
  expect(readTracing({ ...env, OTEL_SDK_DISABLED: 'TRUE' })).toEqual({ ok: true, value: false });
  expect(readTracing({ ...env, OTEL_TRACES_EXPORTER: 'none' })).toEqual({ ok: true, value: false });
  expect(readTracing({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })).toEqual({ ok: true, value: false });
});
