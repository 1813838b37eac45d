/** What the command's exit code says. Scripts depend on these numbers: they never change. */
export const EXIT = {
  ok: 0,
  error: 1,
  /** The command line is wrong; nothing was done. */
  usage: 2,
  /** No dead letter, or no channel, fits. */
  noMatch: 3,
  /** Done in part: some events were refused, some letters were no longer dead, or not all of a replay was delivered. */
  partial: 4,
  /** A plan is out of date: none of its letters is as it was, or it is too old. Nothing was done. */
  stale: 5,
  /** Redis could not be reached, or went away in the middle. */
  unreachable: 7,
  /** Ctrl-C, or SIGTERM. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
