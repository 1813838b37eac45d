import { z } from 'zod';
import { type Env, oneOf, type Read, readEnv } from './env.js';

const PROTOCOL = oneOf(['http/protobuf']).optional();
const ENDPOINT = z
  .url({ protocol: /^https?$/, error: 'an http: or https: URL, such as http://127.0.0.1:4318' })
  .optional();

/** The variables of OpenTelemetry that are looked at here; all others are read by its SDK. */
const ENVIRONMENT = {
  OTEL_TRACES_EXPORTER: oneOf(['otlp', 'none']).optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT,
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: ENDPOINT,
  OTEL_EXPORTER_OTLP_PROTOCOL: PROTOCOL,
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: PROTOCOL,
};

/** One of these asks for traces. */
const ASKING = ['OTEL_TRACES_EXPORTER', 'OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'];

/**
 * Whether traces are asked for. While they are not, no variable of OpenTelemetry is a fault: a machine may have them for
 * other programs.
 */
export function readTracing(env: Env): Read<boolean> {
  const isOff = env.OTEL_SDK_DISABLED?.toLowerCase() === 'true' || env.OTEL_TRACES_EXPORTER === 'none';
  if (isOff || !ASKING.some((name) => env[name]?.trim())) return { ok: true, value: false };
  const read = readEnv(ENVIRONMENT, env);
  return read.ok ? { ok: true, value: true } : read;
}
