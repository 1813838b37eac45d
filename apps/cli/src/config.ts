import { readFileSync } from 'node:fs';
import { checkedText, type Env, oneOf, readEnv, readTracing } from '@callpost/config';
import type { WithheldCallers } from '@callpost/domain';
import { redisUrlFault } from '@callpost/queue';
import { UsageError } from './errors.js';

export const DEFAULT_REDIS_URL = 'redis://127.0.0.1:6379';

export function environment(): Env {
  return process.env;
}

/** A text file whole; null when there is none or it cannot be read. */
export function readFile(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** Whether an unexpected error is shown with its stack. */
export function showsStacks(env: Env): boolean {
  return Boolean(env.CALLPOST_DEBUG);
}

/** NO_COLOR: no-color.org. */
export function allowsColour(env: Env): boolean {
  return !env.NO_COLOR && env.TERM !== 'dumb';
}

/** The person's editor, a command of the shell; null when none is set. */
export function readEditor(env: Env): string | null {
  return env.VISUAL?.trim() || env.EDITOR?.trim() || null;
}

/**
 * @param option what `--redis` says; it wins over REDIS_URL
 * @throws UsageError without the URL in it
 */
export function readRedisUrl(option: string | undefined, env: Env): string {
  const field = option === undefined ? 'REDIS_URL' : '--redis';
  const shape = { REDIS_URL: checkedText(redisUrlFault).default(DEFAULT_REDIS_URL) };
  const read = readEnv(shape, { REDIS_URL: option ?? env.REDIS_URL });
  if (!read.ok) throw new UsageError(...read.faults.map((fault) => ({ ...fault, field })));
  return read.value.REDIS_URL;
}

/**
 * Whether the OTEL_ variables ask for traces.
 *
 * @throws UsageError
 */
export function isTraced(env: Env): boolean {
  const read = readTracing(env);
  if (!read.ok) throw new UsageError(...read.faults);
  return read.value;
}

export interface ProducerConfig {
  readonly withheldCallers: WithheldCallers;
}

/**
 * What a producer decides for its events; the worker reads variables of the same names.
 *
 * @throws UsageError
 */
export function readProducerConfig(env: Env): ProducerConfig {
  const read = readEnv(PRODUCER_ENVIRONMENT, env);
  if (!read.ok) throw new UsageError(...read.faults);
  return { withheldCallers: read.value.WITHHELD_CALLERS };
}

const PRODUCER_ENVIRONMENT = {
  WITHHELD_CALLERS: oneOf(['refuse', 'pass']).default('refuse'),
};
