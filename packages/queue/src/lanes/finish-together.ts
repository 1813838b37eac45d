import { turnByTurn } from '../turn-by-turn.js';

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

/**
 * With more, Redis would stand still while the worker goes through its answers, and the worker while Redis goes through
 * them: a tenth less in all. Neither does one script keep others waiting then.
 */
const MOST_AT_ONCE = 8;
const KEYS = 14;
const PREFIX_AT = 20;

/**
 * Group commit: what a worker finishes within one turn of its event loop goes to Redis together. The answers of a busy
 * endpoint come many at a time, so this is most of them.
 *
 * @param run sends one command: keys, then arguments; resolves with an answer for each job
 * @returns finishes one job: resolves with what BullMQ's script answers for it, rejects with what it failed of
 */
export function createFinishTogether(
  run: (parameters: unknown[]) => Promise<unknown>,
  dedupWindowMs: () => number,
): (parameters: FinishArguments) => Promise<unknown> {
  const finishSoon = turnByTurn<Finish>(MOST_AT_ONCE, (finishes) => void commit(finishes));

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

  return (parameters) => new Promise((resolve, reject) => finishSoon({ parameters, resolve, reject }));
}

function commandOf(finishes: readonly Finish[], dedupWindowMs: number): unknown[] {
  const shared = finishes[0]?.parameters ?? [];
  const command = [...shared.slice(0, 10), shared[KEYS - 1], shared[PREFIX_AT], dedupWindowMs];
  for (const { parameters } of finishes) {
    const update = parameters[PREFIX_AT + 2] ?? '';
    command.push(...parameters.slice(KEYS, PREFIX_AT), parameters[PREFIX_AT + 1], update);
  }
  return command;
}
