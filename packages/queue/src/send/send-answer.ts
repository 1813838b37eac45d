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
 * Redis did not acknowledge an event, or one of a `sendMany`. No event is half-written; whether one whose reply was lost got
 * in cannot be known, so send it again: the ids de-duplicate. Of a channel that is divided, events after it may have got
 * in, into other queues.
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
