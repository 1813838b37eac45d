/**
 * A command's arguments as BullMQ puts them together for `moveToFinished`: 14 keys, of which 10 and the last are the same
 * for every job of a queue, then the job's own.
 */
type FinishArguments = readonly unknown[];

interface Finish {
  readonly parameters: FinishArguments;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export interface FinishTogether {
  /** Resolves with what BullMQ's script answers for this job, and rejects with what it failed of. */
  finish(parameters: FinishArguments): Promise<unknown>;
}

/** One script must not keep Redis from others for longer than a few milliseconds. */
const MOST_AT_ONCE = 64;
const PREFIX_AT = 20;

/**
 * Group commit: what a worker finishes within one turn of its event loop goes to Redis as one command. The answers of a
 * busy endpoint come many at a time, so this is most of them; one that comes alone waits for nothing.
 *
 * @param run sends one command: keys, then arguments; resolves with an answer for each job
 */
export function createFinishTogether(
  run: (parameters: unknown[]) => Promise<unknown>,
  dedupWindowMs: () => number,
): FinishTogether {
  let waiting: Finish[] = [];

  function commitAll(): void {
    const all = waiting;
    waiting = [];
    for (let start = 0; start < all.length; start += MOST_AT_ONCE) {
      void commit(all.slice(start, start + MOST_AT_ONCE));
    }
  }

  async function commit(finishes: readonly Finish[]): Promise<void> {
    try {
      const answers = (await run(commandOf(finishes, dedupWindowMs()))) as readonly unknown[];
      for (const [index, { resolve, reject }] of finishes.entries()) {
        const answer = answers[index];
        if (answer instanceof Error) reject(answer);
        else resolve(answer);
      }
    } catch (error) {
      for (const { reject } of finishes) reject(error);
    }
  }

  return {
    finish: (parameters) =>
      new Promise((resolve, reject) => {
        if (waiting.push({ parameters, resolve, reject }) === 1) setImmediate(commitAll);
      }),
  };
}

function commandOf(finishes: readonly Finish[], dedupWindowMs: number): unknown[] {
  const [first] = finishes;
  if (first === undefined) throw new RangeError('nothing to finish');
  const { parameters } = first;
  const command = [...parameters.slice(0, 10), parameters[13], parameters[PREFIX_AT], dedupWindowMs];
  for (const { parameters: each } of finishes) {
    command.push(...each.slice(14, PREFIX_AT), each[PREFIX_AT + 1], each[PREFIX_AT + 2] ?? '');
  }
  return command;
}
