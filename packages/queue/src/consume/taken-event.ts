import type { AttemptRecord, Interruption } from '@callpost/domain';
import type { Interrupt } from './interrupt.js';

/** An event that a worker has taken from the queue and holds, under a lock, until it is settled. */
export interface TakenEvent {
  readonly jobId: string;
  /** What the producer put in; checked by nobody yet. */
  readonly data: unknown;
  /** 1 for the first since the event was enqueued or last replayed. */
  readonly attempt: number;
  /** Unix ms. */
  readonly enqueuedAtMs: number;
  /** Unix ms: when it was enqueued, or last replayed. Its age counts from here. */
  readonly queuedAtMs: number;
  /** Whether it came from a producer or from a person's replay. */
  readonly origin: 'live' | 'replay';
  /** An earlier attempt broke off after the request had begun to be written, or the worker died during one. */
  readonly possiblyDelivered: boolean;
  /**
   * How many earlier events of its call it overtakes, because it has waited for them for as long as an event may; 0 but
   * for that.
   */
  readonly overtaken: number;
  /** What a producer that traces put beside it: JSON of W3C's trace headers. Null when it traces nothing. */
  readonly trace: string | null;
}

/** What is to become of a taken event: the verdict on it, with what the event shall remember of the attempt. */
export type Settlement =
  | { readonly outcome: 'delivered' }
  | { readonly outcome: 'retry'; readonly retryAtMs: number; readonly record: AttemptRecord }
  | { readonly outcome: 'dead'; readonly record: AttemptRecord }
  | {
      readonly outcome: 'interrupted';
      readonly reason: Interruption;
      readonly mayHaveArrived: boolean;
    };

/** What a worker does with a taken event. It must not throw, and ends soon when it is interrupted. */
export type Deliver = (taken: TakenEvent, interrupt: Interrupt) => Promise<Settlement>;
