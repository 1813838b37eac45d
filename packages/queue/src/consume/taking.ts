import { setTimeout as sleep } from 'node:timers/promises';

/**
 * A healthy Redis answers within this. What it has not answered by then is not waited for: it may be away, and a worker
 * that stops wants nothing more of it than to settle what it holds.
 */
const ANSWER_WITHIN_MS = 500;

/** A worker's taking of events, which ends once. */
export class Taking {
  #isOver = false;
  readonly #atEnd = new Set<() => void>();
  #late: Promise<unknown> = Promise.resolve();

  get isOver(): boolean {
    return this.#isOver;
  }

  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const listener of this.#atEnd) listener();
  }

  /**
   * The answer of Redis; or `otherwise`, when taking is over and the answer does not come.
   *
   * @param onLate what to do with an answer that comes after that; a failure is nobody's concern then
   */
  answerOr<T>(asked: Promise<T>, otherwise: T, onLate?: (late: T) => unknown): Promise<T> {
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      let isGivenUp = false;
      const giveUp = () => {
        timer = setTimeout(() => {
          isGivenUp = true;
          if (onLate !== undefined) this.#late = dealtWith;
          resolve(otherwise);
        }, ANSWER_WITHIN_MS);
      };
      const settle = () => {
        clearTimeout(timer);
        this.#atEnd.delete(giveUp);
      };
      if (this.#isOver) giveUp();
      else this.#atEnd.add(giveUp);
      const dealtWith = asked
        .then((answer) => {
          settle();
          return isGivenUp ? onLate?.(answer) : resolve(answer);
        })
        .catch((error: unknown) => {
          settle();
          reject(error);
        });
    });
  }

  /** Resolves when what came late was dealt with, or does not come soon. */
  async lateIsDealtWith(): Promise<void> {
    await Promise.race([this.#late, sleep(ANSWER_WITHIN_MS, undefined, { ref: false })]);
  }
}
