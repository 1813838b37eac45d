import { type Cause, callKey, parseCallEvent } from '@callpost/domain';
import type { DeadLetter } from './dead-letter.js';

/** What a letter is filtered by, without reading the letter. */
export interface LetterEntry {
  readonly causeId: string;
  /** Of the answer that decided; null when there was none. */
  readonly status: number | null;
  /** The call as `thread:…` or `phone:…`; null when the event does not say. */
  readonly call: string | null;
  readonly isReplayed: boolean;
  readonly isPossiblyDelivered: boolean;
}

export function entryOf(letter: DeadLetter): LetterEntry {
  return {
    causeId: letter.cause.id,
    status: letter.lastAttempt?.status ?? null,
    call: letter.call,
    isReplayed: letter.replays > 0,
    isPossiblyDelivered: letter.possiblyDelivered,
  };
}

/** The call of an event as it was given; null when that cannot be told. */
export function callOf(event: unknown): string | null {
  const parsed = parseCallEvent(event, { withheldCallers: 'pass' });
  return parsed.ok ? callKey(parsed.event) : threadOf(event);
}

/** A list, since there is one for every letter: names would be half of it. */
export function encodeEntry(entry: LetterEntry): string {
  const flags = (entry.isReplayed ? REPLAYED : 0) + (entry.isPossiblyDelivered ? POSSIBLY_DELIVERED : 0);
  return JSON.stringify([entry.causeId, entry.status, flags, entry.call]);
}

/** Null for what was not written by {@link encodeEntry}: the entry is then made anew from its letter. */
export function decodeEntry(text: string | null | undefined): LetterEntry | null {
  const list = listOf(text);
  const [causeId, status, flags, call] = list;
  if (typeof causeId !== 'string' || typeof flags !== 'number') return null;
  return {
    causeId,
    status: typeof status === 'number' ? status : null,
    call: typeof call === 'string' ? call : null,
    isReplayed: (flags & REPLAYED) !== 0,
    isPossiblyDelivered: (flags & POSSIBLY_DELIVERED) !== 0,
  };
}

export function encodeCause({ reason, template }: Cause): string {
  return JSON.stringify([reason, template]);
}

const REPLAYED = 1;
const POSSIBLY_DELIVERED = 2;

function listOf(text: string | null | undefined): unknown[] {
  try {
    const value: unknown = JSON.parse(text ?? 'null');
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

function threadOf(event: unknown): string | null {
  const thread = event !== null && typeof event === 'object' && 'thread_id' in event ? event.thread_id : null;
  return typeof thread === 'string' && thread !== '' ? `thread:${thread}` : null;
}
