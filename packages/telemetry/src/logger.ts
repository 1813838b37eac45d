import { maskText } from '@callpost/domain';
import { type DestinationStream, type Logger, pino } from 'pino';
import { turnByTurn } from './turn-by-turn.js';

export type { Logger } from 'pino';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export interface LoggerOptions {
  readonly level: (typeof LOG_LEVELS)[number];
  /** On every line: which program, which process. */
  readonly base: Readonly<Record<string, string | number>>;
  /** Default stdout. */
  readonly destination?: DestinationStream;
}

/**
 * Logs are JSON lines on stdout. What may be logged is an allow-list: callers pass the fields of the wide attempt line
 * or plain facts, never an event; and an error is reduced to what {@link errorFields} lets through.
 */
export function createLogger({ level, base, destination }: LoggerOptions): Logger {
  const options = {
    level,
    base,
    timestamp: createIsoTime(),
    serializers: { error: errorFields },
  };
  return pino(options, destination ?? turnByTurn(pino.destination({ dest: process.stdout.fd, sync: true })));
}

/** As pino's own, but made once a millisecond: a busy worker writes ten lines in one. */
function createIsoTime(): () => string {
  let madeAtMs = 0;
  let time = '';
  return () => {
    const nowMs = Date.now();
    if (nowMs !== madeAtMs) {
      madeAtMs = nowMs;
      time = `,"time":"${new Date(nowMs).toISOString()}"`;
    }
    return time;
  };
}

/** An error's type, code and masked message. No stack of a network error, no request, no configuration, no cause. */
export function errorFields(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: maskText(String(error)) };
  const code = 'code' in error ? error.code : undefined;
  const message =
    error.message || (error instanceof AggregateError ? String(error.errors[0]?.message ?? '') : '');
  return {
    type: error.name,
    message: maskText(message),
    ...(code === undefined ? {} : { code }),
  };
}
