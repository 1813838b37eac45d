import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** A child process of ours: one program of Callpost, or Redis. */
export interface Program {
  readonly name: string;
  /** Undefined when it could not be started at all. */
  readonly pid: number | undefined;
  /** Resolves, when it has ended, with how: an error for those who did not tell it to. Never rejects. */
  readonly ended: Promise<ProgramError>;
  /** Resolves with the first answer of `read` that is not null. @throws ProgramError when the program ends before */
  waitFor<T>(read: (line: string) => T | null, withinMs: number): Promise<T>;
  onLine(listener: (line: string) => void): void;
  /** SIGTERM, and SIGKILL when that has not ended it in time. Resolves when it has ended. */
  stop(): Promise<void>;
}

export interface ProgramOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A program of ours did not do what it should. The message ends with what it printed last. */
export class ProgramError extends Error {
  override readonly name = 'ProgramError';
}

const STOP_WITHIN_MS = 15_000;
const LAST_LINES = 8;

const alive = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of alive) child.kill('SIGTERM');
});

/**
 * Starts a program in a process group of its own: Ctrl-C in a terminal goes to a whole group at once, and Redis has to
 * outlive the worker.
 */
export function startProgram({ name, command, args, env }: ProgramOptions): Program {
  const child = spawn(command, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const listeners = new Set<(line: string) => void>();
  const lastLines: string[] = [];
  alive.add(child);

  const hear = (line: string) => {
    lastLines.push(line);
    if (lastLines.length > LAST_LINES) lastLines.shift();
    for (const listener of listeners) listener(line);
  };
  for (const stream of [child.stdout, child.stderr]) linesOf(stream).on('line', hear);

  const failure = (what: string) => new ProgramError([`${name} ${what}`, ...lastLines].join('\n  '));
  const ended = new Promise<ProgramError>((resolve) => {
    child.once('error', (error) => resolve(failure(`could not be started: ${error.message}`)));
    child.once('close', (code, signal) =>
      resolve(failure(signal ? `was ended by ${signal}` : `ended with code ${code}`)),
    );
  }).finally(() => alive.delete(child));

  return {
    name,
    pid: child.pid,
    ended,
    onLine: (listener) => void listeners.add(listener),
    waitFor: (read, withinMs) =>
      new Promise((resolve, reject) => {
        const fail = (error: ProgramError) => settle(() => reject(error));
        const tooLate = () => fail(failure(`was not ready within ${withinMs / 1_000} s`));
        const timer = setTimeout(tooLate, withinMs);
        const listener = (line: string) => {
          const found = read(line);
          if (found !== null) settle(() => resolve(found));
        };
        const settle = (how: () => void) => {
          clearTimeout(timer);
          listeners.delete(listener);
          how();
        };
        listeners.add(listener);
        void ended.then(fail);
      }),
    async stop() {
      child.kill('SIGTERM');
      const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
      await ended;
      clearTimeout(impatience);
    },
  };
}

function linesOf(stream: Readable) {
  return createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
}
