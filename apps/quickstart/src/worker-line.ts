import { isReason, OUTCOMES, type Outcome, type Reason } from '@callpost/domain';
import { parseJsonLine } from './json-line.js';

/** One attempt as the worker's wide line tells it. */
export interface Attempt {
  readonly eventId: string;
  /** 1 for the first since the event was enqueued or replayed. */
  readonly attempt: number;
  readonly outcome: Outcome;
  readonly reason: Reason | null;
  /** Null when nothing was answered. */
  readonly status: number | null;
  /** Null when it is not tried again. */
  readonly retryInMs: number | null;
}

export type WorkerLine =
  | { readonly kind: 'attempt'; readonly attempt: Attempt }
  | { readonly kind: 'ready'; readonly metricsUrl: string }
  /** A warning or an error of the worker about itself. */
  | { readonly kind: 'trouble'; readonly text: string };

/** pino's number of `warn`; what is above is worse. */
const WARN = 40;

/** Null for a line that is of no interest to the person who watches. */
export function readWorkerLine(line: string): WorkerLine | null {
  const fields = parseJsonLine(line);
  // Not JSON: what Node itself prints, such as why it ended.
  if (fields === null) return line.trim() === '' ? null : { kind: 'trouble', text: line };
  const { msg, metricsUrl, level } = fields;
  if (msg === 'attempt') return readAttempt(fields);
  if (msg === 'worker ready' && typeof metricsUrl === 'string') return { kind: 'ready', metricsUrl };
  if (typeof level !== 'number' || level < WARN) return null;
  return { kind: 'trouble', text: [String(msg), ...detailsOf(fields)].join(' ') };
}

function readAttempt(fields: Readonly<Record<string, unknown>>): WorkerLine | null {
  const { eventId, attempt, reason, status, retryInMs } = fields;
  const outcome = OUTCOMES.find((known) => known === fields.outcome);
  if (outcome === undefined || typeof eventId !== 'string' || typeof attempt !== 'number') return null;
  return {
    kind: 'attempt',
    attempt: {
      eventId,
      attempt,
      outcome,
      reason: typeof reason === 'string' && isReason(reason) ? reason : null,
      status: typeof status === 'number' ? status : null,
      retryInMs: typeof retryInMs === 'number' ? retryInMs : null,
    },
  };
}

const PINO_FIELDS = new Set(['level', 'time', 'msg', 'service', 'worker']);

function detailsOf(fields: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(fields)
    .filter(([name]) => !PINO_FIELDS.has(name))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
}
