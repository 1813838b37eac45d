import type { Surroundings } from './context.js';
import { EXIT, type ExitCode } from './exit-code.js';
import { exitOfError } from './exit-of-error.js';
import { createProgram } from './program.js';
import { contextOf, type Start } from './start.js';
import { unlessStopped } from './unless-stopped.js';

/**
 * Runs one command line to its end; it never rejects.
 *
 * @param args without `node` and the program
 */
export async function runCli(
  args: readonly string[],
  surroundings: Surroundings,
  version: string,
): Promise<ExitCode> {
  let exit: ExitCode = EXIT.ok;
  const start: Start = async (command, run, stopping) => {
    const work = run(contextOf(command, surroundings));
    exit = await (stopping === 'at_once' ? unlessStopped(work, surroundings) : work);
  };
  try {
    await createProgram(start, surroundings, version).parseAsync(args, { from: 'user' });
    return exit;
  } catch (error) {
    return exitOfError(error, surroundings);
  }
}
