import { fileURLToPath } from 'node:url';
import { type LogLine, type Program, startProgram } from '@callpost/testkit';

const CLI = fileURLToPath(new URL('../../../apps/cli/bin/callpost.js', import.meta.url));

export interface Ran {
  readonly exit: number | null;
  /** stdout, a JSON value a line. */
  readonly lines: readonly LogLine[];
  /** stdout and stderr. */
  readonly output: string;
}

/** The command as it is installed, for tests that act while it runs. */
export function startCallpost(redisUrl: string, ...args: readonly string[]): Program {
  return startProgram(CLI, { REDIS_URL: redisUrl }, args);
}

/** The command as it is installed, to its end. */
export async function callpost(redisUrl: string, ...args: readonly string[]): Promise<Ran> {
  const program = startCallpost(redisUrl, ...args);
  const exit = await program.exited();
  return { exit, lines: program.lines, output: program.output() };
}
