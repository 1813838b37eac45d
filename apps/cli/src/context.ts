import type { Env, ReadFile } from '@callpost/config';
import type { OutputForm } from './output/form.js';
import type { Terminal } from './terminal.js';

/** What is outside of the command, passed in by whoever starts it. */
export interface Surroundings {
  readonly terminal: Terminal;
  readonly env: Env;
  readonly readFile: ReadFile;
  /** The operating system's name of who runs the command. */
  readonly osUser: string;
  /** Unix ms. */
  readonly now: () => number;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** Aborted by Ctrl-C. */
  readonly interrupted: AbortSignal;
  /** Aborted when nobody reads stdout any more. */
  readonly outputClosed: AbortSignal;
}

/** What every command gets: the surroundings, and what the global options say. */
export interface Context extends Surroundings {
  /** Never to be shown: it may hold a password. */
  readonly redisUrl: string;
  /** Null when not given; each command says what that means for it. */
  readonly channel: string | null;
  /** Who is to be named in the audit trail. */
  readonly who: string;
  readonly form: OutputForm;
  /** Whether a person wants colour; a stream that is no terminal gets none all the same. */
  readonly mayColour: boolean;
}
