import { type CallEvent, formatTimestamp } from '@callpost/domain';
import { CALL_SCRIPTS, type CallScript, CUSTOMERS, type ScriptLine } from './call-scripts.js';

export interface SampleEvent {
  readonly event: CallEvent;
  /** Counted from 1. */
  readonly call: number;
  /** When it happens, counted from the first. */
  readonly afterMs: number;
}

export interface SampleCall {
  /** Counted from 1. */
  readonly number: number;
  /** In a few words, for people. */
  readonly kind: string;
  /** E.164. */
  readonly customerPhone: string;
  readonly direction: 'inbound' | 'outbound';
  /** In order. */
  readonly events: readonly SampleEvent[];
}

export interface SampleCallsOptions {
  readonly count: number;
  /** Part of every id, so that no two starts send the same event. */
  readonly runId: string;
  /** When the first call starts, Unix ms. */
  readonly startMs: number;
}

/** A call centre's calls overlap; slow enough to be read, and however many, all have started after so long. */
const CALL_EVERY_AT_MOST_MS = 250;
const ALL_STARTED_WITHIN_MS = 6_000;
const EVENT_EVERY_MS = 350;

const CHANNEL_PHONE = '+16505550100';
/** With 555-01xx after any of these, a number that is given to nobody: the range that NANPA keeps for fiction. */
const AREA_CODES = ['202', '212', '312', '415', '510', '617', '702', '808'] as const;

export function sampleCalls({ count, runId, startMs }: SampleCallsOptions): SampleCall[] {
  const callEveryMs = Math.min(CALL_EVERY_AT_MOST_MS, ALL_STARTED_WITHIN_MS / count);
  return Array.from({ length: count }, (_, index) => {
    const script = at(CALL_SCRIPTS, index);
    const beginsAfterMs = Math.round(index * callEveryMs);
    return sampleCall({ script, index, runId, startMs, beginsAfterMs });
  });
}

/** All events of all calls in the order in which they happen. */
export function inOrderOfTime(calls: readonly SampleCall[]): SampleEvent[] {
  return calls.flatMap((call) => call.events).sort((a, b) => a.afterMs - b.afterMs);
}

interface SampleCallOptions {
  readonly script: CallScript;
  readonly index: number;
  readonly runId: string;
  readonly startMs: number;
  readonly beginsAfterMs: number;
}

function sampleCall({ script, index, runId, startMs, beginsAfterMs }: SampleCallOptions): SampleCall {
  const number = index + 1;
  const { kind, direction } = script;
  const customer = { name: at(CUSTOMERS, index), phone: fictionPhone(index) };
  const channel = { name: 'Example Support', phone: CHANNEL_PHONE };
  const parties = direction === 'inbound' ? { to: channel, from: customer } : { to: customer, from: channel };
  const threadId = `call-${runId}-${String(number).padStart(4, '0')}`;
  const events = script.lines.map((line, place): SampleEvent => {
    const afterMs = beginsAfterMs + place * EVENT_EVERY_MS;
    const sequence = place + 1;
    const event = {
      id: `${threadId}-${sequence}`,
      direction,
      ...parties,
      ...lineFields(line, threadId),
      created_at: formatTimestamp(startMs + afterMs),
      thread_id: threadId,
      // No field of Re:amaze's. By it the simulator sees whether the events of a call come in order.
      sequence,
    };
    return { event, call: number, afterMs };
  });
  return { number, kind, direction, customerPhone: customer.phone, events };
}

function lineFields({ body, recording, assignee }: ScriptLine, threadId: string) {
  return {
    body,
    ...(recording === undefined
      ? {}
      : { attachments: [`https://recordings.example.com/${threadId}/${recording}`] }),
    ...(assignee === undefined ? {} : { assignee: { email: assignee } }),
  };
}

function fictionPhone(index: number): string {
  const line = 1 + (Math.floor(index / AREA_CODES.length) % 99);
  return `+1${at(AREA_CODES, index)}55501${String(line).padStart(2, '0')}`;
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index % list.length];
  if (item === undefined) throw new RangeError('an empty list has no items');
  return item;
}
