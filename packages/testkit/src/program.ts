import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { eventually } from './eventually.js';

export type LogLine = Readonly<Record<string, unknown>>;

export interface Program {
  readonly pid: number;
  /** Every JSON line of stdout so far; a line that is not JSON is `{ text }`. */
  readonly lines: readonly LogLine[];
  /** Everything written to stdout and stderr so far. */
  output(): string;
  /** The first line that has these values. */
  line(wanted: LogLine, timeoutMs?: number): Promise<LogLine>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves to the exit code, or to null when a signal ended it. */
  exited(): Promise<number | null>;
}

/**
 * A program of ours as its users run it: a process of its own, with an environment of its own.
 *
 * @param environment all of it but PATH; nothing is inherited
 */
export function startProgram(
  script: string,
  environment: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Program {
  const env = { PATH: process.env.PATH, ...environment };
  const child: ChildProcess = spawn(process.execPath, [script, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { stdout, stderr, pid } = child;
  if (stdout === null || stderr === null || pid === undefined)
    throw new Error(`${script} could not be started`);
  const lines: LogLine[] = [];
  let output = '';
  createInterface({ input: stdout }).on('line', (text) => lines.push(parsed(text)));
  for (const stream of [stdout, stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  return {
    pid,
    lines,
    output: () => output,
    line: (wanted, timeoutMs) =>
      eventually(() => {
        const found = lines.find((line) =>
          Object.entries(wanted).every(([key, value]) => line[key] === value),
        );
        if (found === undefined)
          throw new Error(`no line ${JSON.stringify(wanted)} in:\n${output.slice(-4_000)}`);
        return found;
      }, timeoutMs),
    kill: (signal) => void child.kill(signal),
    exited: () => exited,
  };
}

function parsed(text: string): LogLine {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return { text };
  }
}
