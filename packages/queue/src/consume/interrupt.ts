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

/** An event under way, and where it is kept. */
export interface UnderWay {
  readonly jobId: string;
  readonly interrupt: Interrupt;
  readonly place: number;
}

/**
 * The interrupts of the events under way. Places of an array that are used again, not a Map: what a Map gives up when it
 * grows or shrinks keeps alive, until the next full collection, all that was ever put into it since.
 */
export function createInterrupts() {
  const places: (UnderWay | null)[] = [];
  const free: number[] = [];
  return {
    begin(jobId: string): UnderWay {
      const place = free.pop() ?? places.length;
      const under = { jobId, interrupt: new Interrupt(), place };
      places[place] = under;
      return under;
    },
    end({ place }: UnderWay): void {
      places[place] = null;
      free.push(place);
    },
    /** How many. */
    underWay: () => places.length - free.length,
    /** @param jobIds absent: all */
    raise(reason: InterruptReason, jobIds?: readonly string[]): void {
      for (const under of [...places]) {
        if (under !== null && (jobIds?.includes(under.jobId) ?? true)) under.interrupt.raise(reason);
      }
    },
  };
}
