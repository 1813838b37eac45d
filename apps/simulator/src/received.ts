import type { CallEvent } from '@callpost/domain';
import { CallOrder } from './call-order.js';
import { Connections } from './connections.js';
import { Conversations } from './conversations.js';
import { KeptEvents } from './kept-events.js';
import type { Limits } from './limits.js';
import { RequestLog } from './request-log.js';

export interface Arrival {
  readonly event: CallEvent;
  readonly bytes: Buffer;
  readonly signature: string | null;
  /** Unix ms. */
  readonly atMs: number;
}

/** What the sender is told of an event that was accepted. */
export interface Acceptance {
  readonly id: string;
  readonly conversation: string;
  /** An event of this id was accepted before. */
  readonly duplicate: boolean;
}

/** Everything received since the start, or since it was last told to forget. */
export class Received {
  readonly events: KeptEvents;
  readonly requests: RequestLog;
  readonly conversations: Conversations;
  readonly connections = new Connections();
  readonly #callOrder: CallOrder;
  readonly #dedup: boolean;
  #duplicates = 0;

  constructor({ limits, dedup }: { limits: Limits; dedup: boolean }) {
    this.events = new KeptEvents(limits);
    this.requests = new RequestLog(limits.requests);
    this.conversations = new Conversations(limits.events);
    this.#callOrder = new CallOrder(limits.events);
    this.#dedup = dedup;
  }

  accept(arrival: Arrival): Acceptance {
    const { id } = arrival.event;
    const known = this.events.get(id);
    if (known === undefined) return { id, conversation: this.#keep(arrival), duplicate: false };
    this.#duplicates += 1;
    if (!this.#dedup) {
      known.acceptances += 1;
      this.conversations.repeat(known.conversation, arrival);
    }
    return { id, conversation: known.conversation, duplicate: true };
  }

  summary() {
    const { refused, misbehaved, badSignatures, invalid } = this.requests.counts;
    return {
      requests: this.requests.total,
      accepted: this.events.total,
      duplicates: this.#duplicates,
      refused,
      misbehaved,
      badSignatures,
      invalid,
      conversations: this.conversations.begun,
      connections: this.connections.count,
      outOfOrder: this.#callOrder.outOfOrder,
    };
  }

  #keep({ event, bytes, signature, atMs }: Arrival): string {
    const conversation = this.conversations.place(event, atMs).id;
    const thread = event.thread_id || null;
    const forgotten = this.events.keep({ atMs, id: event.id, thread, conversation, bytes, signature });
    for (const old of forgotten) this.conversations.forget(old);
    this.#callOrder.note(event);
    return conversation;
  }
}
