import { EventNotAcknowledgedError, messageOf, RedisUnavailableError } from '@callpost/queue';
import { CommanderError } from 'commander';
import { showsStacks } from './config.js';
import type { Surroundings } from './context.js';
import {
  InterruptedError,
  NoMatchError,
  OutputClosedError,
  RefusedError,
  StaleError,
  UsageError,
} from './errors.js';
import { EXIT, type ExitCode } from './exit-code.js';
import { visible } from './output/visible.js';
import { note } from './terminal.js';

const SEE_HELP = '(callpost --help)';
const WHERE_REDIS_IS = 'Is it running, and do --redis or REDIS_URL say where?';

interface Ending {
  readonly exit: ExitCode;
  /** Null: nothing is to be said, or it was said already. */
  readonly words: string | null;
}

/** Says an error in one line, and what it makes of the exit code. */
export async function exitOfError(error: unknown, { terminal, env }: Surroundings): Promise<ExitCode> {
  const { exit, words } = endingOf(error);
  if (words !== null) await note(terminal, `callpost: ${visible(words)}`);
  if (exit === EXIT.error && showsStacks(env) && error instanceof Error) {
    await note(terminal, error.stack ?? '');
  }
  return exit;
}

function endingOf(error: unknown): Ending {
  if (error instanceof CommanderError) {
    return { exit: error.exitCode === 0 ? EXIT.ok : EXIT.usage, words: null };
  }
  if (error instanceof OutputClosedError) return { exit: EXIT.ok, words: null };
  if (error instanceof InterruptedError) return { exit: EXIT.interrupted, words: null };
  if (error instanceof UsageError) return { exit: EXIT.usage, words: `${error.message} ${SEE_HELP}` };
  if (error instanceof RefusedError) return { exit: EXIT.error, words: error.message };
  if (error instanceof StaleError) return { exit: EXIT.stale, words: error.message };
  if (error instanceof NoMatchError) return { exit: EXIT.noMatch, words: error.message };
  if (error instanceof RedisUnavailableError || error instanceof EventNotAcknowledgedError) {
    return { exit: EXIT.unreachable, words: `${withoutFullStop(error.message)}. ${WHERE_REDIS_IS}` };
  }
  return { exit: EXIT.error, words: `${messageOf(error)} (CALLPOST_DEBUG=1 shows where)` };
}

function withoutFullStop(text: string): string {
  return text.replace(/\.$/, '');
}
