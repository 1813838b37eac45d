import type { Fault } from '@callpost/domain';
import { type DeadLetter, type DeadLetterFilter, patchedEvent, type RedisConnection } from '@callpost/queue';
import { UsageError } from '../errors.js';
import { newestFirst } from '../letters/newest-first.js';
import type { Patch } from './merge-patch-of.js';

/** A letter's event as it is and as it would be sent. */
export interface Sample {
  readonly letter: Pick<DeadLetter, 'channel' | 'jobId' | 'eventId'>;
  readonly before: unknown;
  readonly after: unknown;
}

/**
 * Tries the patch on every letter, before anything is planned or asked.
 *
 * @returns the newest letter as a sample; null when there is none
 * @throws UsageError for the first event that it would make invalid
 */
export async function tryPatch(
  redis: RedisConnection,
  channels: readonly string[],
  filter: DeadLetterFilter,
  patch: Patch,
): Promise<Sample | null> {
  let sample: Sample | null = null;
  for await (const letter of newestFirst(redis, channels, filter)) {
    const patched = patchedEvent(letter, patch);
    if (!patched.ok) throw patchFaults(letter.eventId ?? letter.jobId, patched.faults);
    sample ??= { letter, before: letter.event, after: patched.event };
  }
  return sample;
}

export function patchFaults(id: string, faults: readonly Fault[]): UsageError {
  return new UsageError(
    ...faults.map((fault) => ({ ...fault, field: `patched event ${id}: ${fault.field}` })),
  );
}
