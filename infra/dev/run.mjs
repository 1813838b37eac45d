import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';

/** Nothing that is started here may ask a question, report home or advertise a newer version of itself. */
const QUIET = {
  TURBO_TELEMETRY_DISABLED: '1',
  TURBO_NO_UPDATE_NOTIFIER: '1',
  DO_NOT_TRACK: '1',
  NO_UPDATE_NOTIFIER: '1',
  npm_config_update_notifier: 'false',
  npm_config_fund: 'false',
  npm_config_audit: 'false',
};

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

let interruptedBy = null;
let passOn = null;

for (const signal of SIGNALS) process.on(signal, () => interrupt(signal));

// npm gives a signal to the shell it runs us in, and many a shell just dies of it.
const { npm_lifecycle_event: npmScript } = process.env;
if (npmScript !== undefined) {
  const shell = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(watch);
    interrupt('SIGTERM');
  }, 500);
  watch.unref();
}

function interrupt(signal) {
  interruptedBy = signal;
  if (passOn === null) process.exit(exitCodeOf(null, signal));
  passOn(signal);
}

/**
 * Runs a program to its end without showing what it prints.
 *
 * @param {{ env?: Record<string, string>, onLine?: (line: string) => void }} [options]
 * @returns {Promise<{ code: number, output: string, errors: string }>} 127 when it cannot be started; `output` is
 *   stdout alone, `errors` everything in the order it came
 */
export async function runQuietly(command, args, { env = {}, onLine = () => undefined } = {}) {
  const child = start(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env, group: true });
  const output = [];
  const everything = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      if (stream === child.stdout) output.push(line);
      everything.push(line);
      onLine(line);
    });
  }
  const code = await ended(child, { group: true });
  return { code, output: output.join('\n'), errors: everything.join('\n') };
}

/** Runs a program to its end with its output shown as it comes. Resolves to its exit code. */
export function runShown(command, args, { env = {} } = {}) {
  const child = start(command, args, { stdio: ['ignore', 'inherit', 'inherit'], env, group: true });
  return ended(child, { group: true });
}

/**
 * Lets a program take over: from now on a signal is its affair, which it may get twice, and this process only waits for
 * its exit code. By the end of the IPC channel it learns when this process is gone.
 */
export function handOver(command, args, { env = {} } = {}) {
  const child = start(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], env, group: false });
  return ended(child, { group: false, goesOnAfterSignal: true });
}

function start(command, args, { stdio, env, group }) {
  return spawn(command, args, { stdio, detached: group, env: { ...process.env, ...QUIET, ...env } });
}

/** A signal goes to the whole group of a step, since npx and turbo do not pass every signal on to their children. */
function ended(child, { group, goesOnAfterSignal = false }) {
  passOn = (signal) => {
    if (child.pid === undefined) return;
    try {
      process.kill(group ? -child.pid : child.pid, signal);
    } catch {
      // Already gone.
    }
  };
  return new Promise((resolve) => {
    const settle = (code) => {
      passOn = null;
      if (interruptedBy !== null && !goesOnAfterSignal) process.exit(exitCodeOf(null, interruptedBy));
      resolve(code);
    };
    child.once('error', () => settle(127));
    child.once('close', (code, signal) => settle(exitCodeOf(code, signal)));
  });
}

function exitCodeOf(code, signal) {
  return code ?? 128 + (constants.signals[signal] ?? 0);
}
