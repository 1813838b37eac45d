import { type CallEvent, callKey } from '@callpost/domain';
import { BoundedMap } from './bounded-map.js';

/**
 * Whether the events of a call came in order. A producer that wants to know adds a top-level field `sequence`, a number
 * that grows within the call; it is no field of Re:amaze's, and the worker passes it on as it passes every other.
 */
export class CallOrder {
  #outOfOrder = 0;
  readonly #highestOfCall: BoundedMap<string, number>;

  constructor(rememberedCalls: number) {
    this.#highestOfCall = new BoundedMap(rememberedCalls);
  }

  /** Events that came after one of the same call with a higher `sequence`. */
  get outOfOrder(): number {
    return this.#outOfOrder;
  }

  /** Only for first acceptances: a repeated event is late by nature. */
  note(event: CallEvent): void {
    const { sequence } = event;
    if (typeof sequence !== 'number') return;
    const call = callKey(event);
    const highest = this.#highestOfCall.get(call) ?? sequence;
    if (sequence < highest) this.#outOfOrder += 1;
    this.#highestOfCall.set(call, Math.max(sequence, highest));
  }
}
