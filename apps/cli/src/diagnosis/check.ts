import { EXIT, type ExitCode } from '../exit-code.js';
import type { Colour } from '../output/paint.js';

/** What a verdict looks like, and what it makes of the exit code. */
export const VERDICTS = {
  ok: { colour: 'green', exit: EXIT.ok },
  warning: { colour: 'yellow', exit: EXIT.ok },
  unknown: { colour: 'yellow', exit: EXIT.ok },
  'loses events': { colour: 'red', exit: EXIT.error },
  missing: { colour: 'red', exit: EXIT.error },
  unreachable: { colour: 'red', exit: EXIT.error },
  'no Redis': { colour: 'red', exit: EXIT.unreachable },
} as const satisfies Readonly<Record<string, { colour: Colour; exit: ExitCode }>>;

export type CheckVerdict = keyof typeof VERDICTS;

/** One row of `callpost doctor`. */
export interface Check {
  readonly check: string;
  readonly verdict: CheckVerdict;
  /** Never a secret, nor the URL of Redis. */
  readonly found: string;
  readonly wanted: string;
  /** What to do, in a line; null when nothing is to be done. */
  readonly advice: string | null;
}

const GRAVEST_FIRST = [EXIT.unreachable, EXIT.error] as const;

/** The gravest of all. */
export function exitOfChecks(checks: readonly Check[]): ExitCode {
  const exits: readonly ExitCode[] = checks.map(({ verdict }) => VERDICTS[verdict].exit);
  return GRAVEST_FIRST.find((exit) => exits.includes(exit)) ?? EXIT.ok;
}
