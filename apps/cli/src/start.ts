import { unverifiedTlsFaults } from '@callpost/config';
import type { Command } from 'commander';
import { allowsColour, readRedisUrl } from './config.js';
import type { Context, Surroundings } from './context.js';
import { UsageError } from './errors.js';
import type { ExitCode } from './exit-code.js';
import type { OutputForm } from './output/form.js';

/**
 * What becomes of a command that is interrupted. `at_once`: it only reads, so it is left where it is. `by_itself`: it
 * changes something, so it stops between two steps and says how far it got; and it goes on when only its reader is gone.
 */
type Stopping = 'at_once' | 'by_itself';

/** Runs what a command's action does, and keeps its exit code. */
export type Start = (
  command: Command,
  run: (context: Context) => Promise<ExitCode>,
  stopping: Stopping,
) => Promise<void>;

/** As commander parses them. */
interface GlobalOptions {
  readonly redis?: string;
  readonly output: OutputForm;
  readonly channel?: string;
  readonly color: boolean;
  readonly as?: string;
}

/** @throws UsageError */
export function contextOf(command: Command, surroundings: Surroundings): Context {
  const options = command.optsWithGlobals<GlobalOptions>();
  const tlsFaults = unverifiedTlsFaults(surroundings.env);
  if (tlsFaults.length > 0) throw new UsageError(...tlsFaults);
  return {
    ...surroundings,
    redisUrl: readRedisUrl(options.redis, surroundings.env),
    channel: options.channel ?? null,
    who: options.as === undefined ? surroundings.osUser : `${surroundings.osUser} as ${options.as}`,
    form: options.output,
    mayColour: options.color && allowsColour(surroundings.env),
  };
}
