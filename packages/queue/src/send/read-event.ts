import {
  type CallEventRules,
  callKey,
  type Fault,
  type ParsedCallEvent,
  parseCallEvent,
  stampCreatedAt,
} from '@callpost/domain';
import type { StampedEvent } from './enqueue.js';
import type { SendSpan, SendTracing } from './send-tracing.js';

export interface EventReaderOptions {
  readonly channel: string;
  readonly rules: CallEventRules;
  readonly tracing: SendTracing | undefined;
  /** See `order-stamp.ts`. */
  readonly nextTimestamp: () => number;
}

/** What a producer has handed over, ready to be enqueued; or what is wrong with it. */
export type ReadEvent =
  | { readonly ok: true; readonly event: StampedEvent }
  | { readonly ok: false; readonly eventId: string | null; readonly faults: readonly Fault[] };

/**
 * Reads what a program has handed over. Never throws: what cannot be read, or be written as JSON, is the fault of that one
 * event and not of those that it is sent with.
 */
export function createEventReader(options: EventReaderOptions): (input: unknown) => ReadEvent {
  const { channel, rules, tracing, nextTimestamp } = options;
  return (input) => {
    const parsed = parse(input, rules);
    if (!parsed.ok) return { ok: false, eventId: idOf(input), faults: parsed.faults };
    const { id } = parsed.event;
    // Before the moment of enqueueing is set, with which its wait begins.
    const span = spanFor(tracing, channel, id);
    const timestamp = nextTimestamp();
    const data = jsonOf(() => stampCreatedAt(parsed.event, Math.trunc(timestamp)));
    if (data === null) {
      span?.end('not_acknowledged');
      return { ok: false, eventId: id, faults: [unreadable(input)] };
    }
    return {
      ok: true,
      event: { id, data, call: callKey(parsed.event), timestamp, ...(span === undefined ? {} : { span }) },
    };
  };
}

function parse(input: unknown, rules: CallEventRules): ParsedCallEvent {
  try {
    return parseCallEvent(input, rules);
  } catch {
    return { ok: false, faults: [unreadable(input)] };
  }
}

/** Null: JSON cannot express it, or it cannot be read. */
function jsonOf(read: () => unknown): string | null {
  try {
    return JSON.stringify(read()) ?? null;
  } catch {
    return null;
  }
}

/** Names the field, which JSON.stringify does not. */
function unreadable(input: unknown): Fault {
  const fields = Object.keys(Object(input));
  const field = fields.find((key) =>
    isThrowing(() => JSON.stringify((input as Record<string, unknown>)[key])),
  );
  return {
    field: field ?? 'event',
    found: 'a value that cannot be written as JSON',
    allowed: 'JSON: no BigInt, nothing that contains itself or throws when it is read',
  };
}

function isThrowing(work: () => unknown): boolean {
  try {
    work();
    return false;
  } catch {
    return true;
  }
}

/** A trace that cannot be begun costs the trace and not the event. */
function spanFor(tracing: SendTracing | undefined, channel: string, eventId: string): SendSpan | undefined {
  try {
    return tracing?.send({ channel, eventId });
  } catch {
    return undefined;
  }
}

function idOf(input: unknown): string | null {
  try {
    const id = input !== null && typeof input === 'object' && 'id' in input ? input.id : null;
    return typeof id === 'string' ? id : null;
  } catch {
    return null;
  }
}
