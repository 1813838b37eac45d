import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const STOP_WITHIN_MS = 30_000;
let started = 0;

/**
 * A program of the bench, its output in a file of `folder`: as a service's output is, and not a pipe that the bench would
 * have to read.
 *
 * @param {{ folder: string, env: Record<string, string>, nodeFlags?: readonly string[] }} options `env`: all of it
 */
export function startNode(script, { folder, env, nodeFlags = [] }) {
  started += 1;
  const logFile = join(folder, `program-${started}.log`);
  const log = openSync(logFile, 'w');
  const child = spawn(process.execPath, [...nodeFlags, script], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const exited = once(child, 'exit');
  const output = () => readFileSync(logFile, 'utf8');

  return {
    pid: child.pid,
    output,
    /** @throws when it has ended, which no contender does by itself */
    assertRunning() {
      if (child.exitCode === null && child.signalCode === null) return;
      throw new Error(`${script} ended by itself:\n${output().slice(-2_000)}`);
    },
    /** It stands still until {@link goOn}: no CPU, no timer, its connections stay. */
    pause: () => child.kill('SIGSTOP'),
    goOn: () => child.kill('SIGCONT'),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      child.kill('SIGCONT');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}
