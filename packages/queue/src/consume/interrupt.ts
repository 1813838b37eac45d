import type { Interruption } from '@callpost/domain';

export type InterruptReason = Extract<Interruption, 'shutdown' | 'lock_lost'>;

/**
 * By which the attempt at one event is told to stop. What an AbortSignal is for; but that, made and listened to for each
 * event, was a tenth of a delivery's CPU.
 */
export class Interrupt {
  #reason: InterruptReason | null = null;
  #listener: (() => void) | null = null;

  /** Null: go on. */
  get reason(): InterruptReason | null {
    return this.#reason;
  }

  /** The first reason stays. */
  raise(reason: InterruptReason): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    this.#listener?.();
  }

  /** Has one listener at most, the latest; it is called at once if it is too late for it. */
  onRaise(listener: () => void): void {
    this.#listener = listener;
    if (this.#reason !== null) listener();
  }
}

/**
 * The interrupts of the events under way. Places of an array that are used again, not a Map: what a Map gives up when it
 * grows or shrinks keeps alive, until the next full collection, all that was ever put into it since.
 */
export function createInterrupts() {
  const places: ({ readonly jobId: string; readonly interrupt: Interrupt } | null)[] = [];
  const free: number[] = [];
  return {
    /** For one event, as long as `work` is under way. */
    async during<T>(jobId: string, work: (interrupt: Interrupt) => Promise<T>): Promise<T> {
      const interrupt = new Interrupt();
      const place = free.pop() ?? places.length;
      places[place] = { jobId, interrupt };
      try {
        return await work(interrupt);
      } finally {
        places[place] = null;
        free.push(place);
      }
    },
    /** @param jobIds absent: all */
    raise(reason: InterruptReason, jobIds?: readonly string[]): void {
      for (const under of [...places]) {
        if (under !== null && (jobIds?.includes(under.jobId) ?? true)) under.interrupt.raise(reason);
      }
    },
  };
}
