import { type CallEventRules, callKey, type Fault, parseCallEvent, stampCreatedAt } from '@callpost/domain';
import type { StampedEvent } from './enqueue.js';
import type { SendTracing } from './send-tracing.js';

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
    const parsed = unlessThrown(() => parseCallEvent(input, rules));
    if (!parsed?.ok)
      return { ok: false, eventId: idOf(input), faults: parsed?.faults ?? [unreadable(input)] };
    const { id } = parsed.event;
    // Before the moment of enqueueing is set, with which its wait begins. A trace that cannot be begun costs the trace alone.
    const span = unlessThrown(() => tracing?.send({ channel, eventId: id }));
    const timestamp = nextTimestamp();
    const data = unlessThrown(() => JSON.stringify(stampCreatedAt(parsed.event, Math.trunc(timestamp))));
    if (data === undefined) {
      span?.end('not_acknowledged');
      return { ok: false, eventId: id, faults: [unreadable(input)] };
    }
    return {
      ok: true,
      event: { id, data, call: callKey(parsed.event), timestamp, ...(span === undefined ? {} : { span }) },
    };
  };
}

/** Names the field, which JSON.stringify does not. */
function unreadable(input: unknown): Fault {
  const isWritable = (field: string) =>
    unlessThrown(() => [JSON.stringify((input as Record<string, unknown>)[field])]) !== undefined;
  return {
    field: Object.keys(Object(input)).find((field) => !isWritable(field)) ?? 'event',
    found: 'a value that cannot be written as JSON',
    allowed: 'JSON: no BigInt, nothing that contains itself or throws when it is read',
  };
}

function idOf(input: unknown): string | null {
  const id = unlessThrown(() => (input as { readonly id?: unknown } | null | undefined)?.id);
  return typeof id === 'string' ? id : null;
}

/** Undefined where it throws. */
function unlessThrown<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
