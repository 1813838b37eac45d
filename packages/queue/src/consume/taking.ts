/**
 * A healthy Redis answers within this. What it has not answered by then is not waited for: it may be away, and a worker
 * that stops wants nothing more of it than to settle what it holds.
 */
const ANSWER_WITHIN_MS = 1_000;

/** A worker's taking of events, which ends once. */
export class Taking {
  readonly #end = new AbortController();

  get isOver(): boolean {
    return this.#end.signal.aborted;
  }

  stop(): void {
    this.#end.abort();
  }

  /**
   * The answer of Redis; or `otherwise`, when taking is over and the answer does not come.
   *
   * @param onLate what to do with an answer, or an error, that comes after that
   */
  async answerOr<T>(asked: Promise<T>, otherwise: T, onLate: (late: T) => unknown = () => {}): Promise<T> {
    const { signal } = this.#end;
    let timer: NodeJS.Timeout | undefined;
    let giveUp: () => void = () => undefined;
    const isGivenUp = new Promise<true>((resolve) => {
      giveUp = () => {
        timer = setTimeout(() => resolve(true), ANSWER_WITHIN_MS);
      };
      if (signal.aborted) giveUp();
      else signal.addEventListener('abort', giveUp);
    });
    try {
      const answer = asked.then((value) => ({ value }));
      const first = await Promise.race([answer, isGivenUp]);
      if (first !== true) return first.value;
      asked.then(onLate).catch(() => undefined);
      return otherwise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
    }
  }
}
