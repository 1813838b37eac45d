import type { Reason } from './reason.js';

/** What came of one signed POST. */
export type AttemptResult =
  /** A status line came back, whatever became of the body after it. */
  | { readonly kind: 'answered'; readonly status: number; readonly retryAfter: string | null }
  /** No status line. `mayHaveArrived`: the request had begun to be written, so the other side may have acted on it. */
  | { readonly kind: 'failed'; readonly reason: Reason; readonly mayHaveArrived: boolean }
  /** We ended it ourselves. */
  | {
      readonly kind: 'interrupted';
      readonly reason: 'shutdown' | 'lock_lost';
      readonly mayHaveArrived: boolean;
    };

/** Why an event went back to the queue without having spent an attempt. */
export type Interruption = 'shutdown' | 'lock_lost' | 'channel_held' | 'channel_braked';

/** What an attempt means for the event. A failed delivery is a value, not an exception. */
export type Verdict =
  | { readonly outcome: 'delivered' }
  | { readonly outcome: 'retry'; readonly reason: Reason; readonly retryAtMs: number }
  /** `lastReason`: for `expired` and `exhausted`, what the last attempt failed of. */
  | { readonly outcome: 'dead'; readonly reason: Reason; readonly lastReason?: Reason }
  | { readonly outcome: 'interrupted'; readonly reason: Interruption };

export type Outcome = Verdict['outcome'];

export const OUTCOMES = ['delivered', 'retry', 'dead', 'interrupted'] as const satisfies readonly Outcome[];
