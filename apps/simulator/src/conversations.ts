import { type CallEvent, customerPhone } from '@callpost/domain';
import { BoundedMap } from './bounded-map.js';

/** "When left blank, the call event will be attributed to the customer's most recent call session … within the past hour." */
const SESSION_MS = 3_600_000;

export interface Conversation {
  readonly id: string;
  /** Null when it was begun by an event without `thread_id`. */
  readonly thread: string | null;
  /** Unix ms. */
  lastActivityAtMs: number;
  /** Ids in order of first acceptance. */
  readonly events: Set<string>;
}

/** Groups events as Re:amaze's document says. A conversation is forgotten with the last of its events. */
export class Conversations {
  #begun = 0;
  readonly #byId = new Map<string, Conversation>();
  readonly #byThread = new Map<string, Conversation>();
  readonly #latestOfCustomer: BoundedMap<string, Conversation>;

  constructor(rememberedCustomers: number) {
    this.#latestOfCustomer = new BoundedMap(rememberedCustomers);
  }

  /** How many were ever begun. */
  get begun(): number {
    return this.#begun;
  }

  /** Where a new event goes. */
  place(event: CallEvent, atMs: number): Conversation {
    const conversation = this.#find(event, atMs) ?? this.#begin(event.thread_id || null, atMs);
    conversation.events.add(event.id);
    this.#noteActivity(conversation, { event, atMs });
    return conversation;
  }

  /** An event that is there already came again. */
  repeat(conversationId: string, { event, atMs }: { event: CallEvent; atMs: number }): void {
    const conversation = this.#byId.get(conversationId);
    if (conversation !== undefined) this.#noteActivity(conversation, { event, atMs });
  }

  forget({ id, conversation: conversationId }: { id: string; conversation: string }): void {
    const conversation = this.#byId.get(conversationId);
    conversation?.events.delete(id);
    if (conversation === undefined || conversation.events.size > 0) return;
    this.#byId.delete(conversationId);
    if (conversation.thread !== null) this.#byThread.delete(conversation.thread);
  }

  list(): Conversation[] {
    return [...this.#byId.values()];
  }

  #find(event: CallEvent, atMs: number): Conversation | undefined {
    if (event.thread_id) return this.#byThread.get(event.thread_id);
    const latest = this.#latestOfCustomer.get(customerPhone(event));
    const usable =
      latest !== undefined && this.#byId.has(latest.id) && atMs - latest.lastActivityAtMs <= SESSION_MS;
    return usable ? latest : undefined;
  }

  #begin(thread: string | null, atMs: number): Conversation {
    this.#begun += 1;
    const conversation: Conversation = {
      id: `conversation-${this.#begun}`,
      thread,
      lastActivityAtMs: atMs,
      events: new Set(),
    };
    this.#byId.set(conversation.id, conversation);
    if (thread !== null) this.#byThread.set(thread, conversation);
    return conversation;
  }

  #noteActivity(conversation: Conversation, { event, atMs }: { event: CallEvent; atMs: number }): void {
    conversation.lastActivityAtMs = atMs;
    this.#latestOfCustomer.set(customerPhone(event), conversation);
  }
}
