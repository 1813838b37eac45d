import type { Fault } from '@callpost/domain';
import type { FirstEventState } from './first-event.js';

export type SendAnswer =
  /** In Redis, and from now on never lost. */
  | { readonly status: 'accepted'; readonly eventId: string }
  /** The id is known already; nothing was changed. */
  | { readonly status: 'duplicate'; readonly eventId: string; readonly first: FirstEventState }
  /** Not enqueued: the event does not fit Re:amaze's document. `eventId` is null when it has none. */
  | { readonly status: 'invalid'; readonly eventId: string | null; readonly faults: readonly Fault[] };

/**
 * Redis did not acknowledge an event, or the rest of a `sendMany`. Nothing of a chunk is half-written; whether a chunk
 * whose reply was lost got in cannot be known, so send it again: the ids de-duplicate.
 */
export class EventNotAcknowledgedError extends Error {
  readonly code = 'EVENT_NOT_ACKNOWLEDGED';
  override readonly name = 'EventNotAcknowledgedError';
  /** The answers before the failure, in order; what follows them is to be sent again. */
  readonly answers: readonly SendAnswer[];

  constructor(why: string, answers: readonly SendAnswer[], cause: unknown) {
    super(`${why}. The event was not acknowledged; send it again, its id de-duplicates.`, { cause });
    this.answers = answers;
  }
}
