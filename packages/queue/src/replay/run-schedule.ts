import type { PlannedLetter } from './planned-letters.js';
import type { OnCallConflict } from './run.js';
import type { LetterResult } from './run-results.js';

/**
 * In which order the letters of a run are sent: as planned, one letter of a call at a time. Pure; it is made anew from
 * the plan and the results whenever a worker takes a run over.
 */
export interface RunSchedule {
  /** The next letter to send, which is then under way; null when none may be sent now. */
  next(): PlannedLetter | null;
  underWay(): readonly PlannedLetter[];
  /** A letter under way has come to its end. */
  settle(jobId: string, result: 'delivered' | 'dead_again' | 'skipped'): void;
  /** Nothing is left but, perhaps, letters of calls that are blocked. */
  isAtEnd(): boolean;
  /** Calls of which an earlier letter died again, with the letters that wait for it. */
  blocked(): readonly BlockedCall[];
  unblock(call: string): void;
}

interface BlockedCall {
  readonly call: string;
  /** The job id of the letter that died again. */
  readonly by: string;
  readonly letters: readonly PlannedLetter[];
}

export function createRunSchedule(
  letters: readonly PlannedLetter[],
  results: ReadonlyMap<string, LetterResult>,
  onCallConflict: OnCallConflict,
): RunSchedule {
  const queues = new Map<string, PlannedLetter[]>();
  const underWay = new Map<string, PlannedLetter>();
  const blockers = new Map<string, string>();
  const turns: string[] = [];

  for (const letter of letters) {
    const call = callOf(letter);
    const result = results.get(letter.jobId);
    if (result === undefined) queueOf(call).push(letter);
    if (result === 'sent') underWay.set(letter.jobId, letter);
    if (result === 'dead_again' && onCallConflict !== 'continue') blockers.set(call, letter.jobId);
  }
  const busy = new Set([...underWay.values()].map(callOf));
  for (const call of queues.keys()) if (!busy.has(call) && !blockers.has(call)) turns.push(call);

  function queueOf(call: string): PlannedLetter[] {
    const queue = queues.get(call) ?? [];
    queues.set(call, queue);
    return queue;
  }

  function giveTurn(call: string): void {
    if ((queues.get(call)?.length ?? 0) > 0 && !blockers.has(call)) turns.push(call);
  }

  return {
    next() {
      const letter = queues.get(turns.shift() ?? '')?.shift();
      if (letter === undefined) return null;
      underWay.set(letter.jobId, letter);
      return letter;
    },
    underWay: () => [...underWay.values()],
    settle(jobId, result) {
      const letter = underWay.get(jobId);
      if (letter === undefined) return;
      underWay.delete(jobId);
      const call = callOf(letter);
      if (result === 'dead_again' && onCallConflict !== 'continue') blockers.set(call, jobId);
      giveTurn(call);
    },
    isAtEnd: () => turns.length === 0 && underWay.size === 0,
    blocked: () =>
      [...blockers].flatMap(([call, by]) => {
        const waiting = queues.get(call) ?? [];
        return waiting.length === 0 ? [] : { call, by, letters: waiting };
      }),
    unblock(call) {
      blockers.delete(call);
      giveTurn(call);
    },
  };
}

/** A letter without a call waits for no other. */
function callOf({ call, jobId }: PlannedLetter): string {
  return call ?? `job:${jobId}`;
}
