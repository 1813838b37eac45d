import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { readConfig } from './config.js';
import { FolderInUseError, takeDataFolder } from './data-folder.js';
import { findRedis } from './find-redis.js';
import { ProgramError } from './program.js';
import { isRedisOn } from './redis-server.js';
import { createScreen } from './screen.js';
import { show } from './show.js';
import { createTeardown } from './teardown.js';

/*
 * Who starts whom: main takes the data folder and hands everything to `show`; it launches Redis, the simulator and the
 * worker, each a child process, and sends the calls. Whatever happens, main runs the teardown and sets the exit code.
 */

const EXIT_FAILED = 1;
const EXIT_INTERRUPTED = 130;

const config = readConfig();
const screen = createScreen(process.stdout);
const teardown = createTeardown((error) => screen.print(`while stopping: ${String(error)}`));
const interruption = new AbortController();

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
// When infra/dev/start.mjs, which holds the other end of an IPC channel, is gone without a signal.
process.on('disconnect', interrupt);
process.channel?.unref();

class Interrupted extends Error {}

process.exitCode = await run().catch(exitCodeOf);

function interrupt(): void {
  if (!interruption.signal.aborted) screen.print('', 'Stopping …');
  interruption.abort(new Interrupted());
}

async function run(): Promise<number> {
  try {
    const summary = await Promise.race([started(), interrupted()]);
    if (config.exit) return summary.complaints.length === 0 ? 0 : EXIT_FAILED;
    return await interrupted();
  } finally {
    await teardown.run();
  }
}

async function started() {
  const redisCommand = findRedis(config.path);
  if (redisCommand === null) {
    throw new ProgramError('There is no redis-server or valkey-server on the PATH. `npm start` gets one.');
  }
  const folder = await takeDataFolder({
    folder: resolve(config.data),
    nowMs: Date.now(),
    isRunning,
    isServed: isRedisOn,
  });
  teardown.add(() => {
    folder.release();
    screen.print(`Stopped. The data stays in ${folder.path}.`);
  });
  return show({
    config,
    redisCommand,
    folder,
    screen,
    teardown,
    secret: randomBytes(32).toString('base64'),
    runId: Date.now().toString(36) + randomBytes(2).toString('hex'),
    now: Date.now,
    signal: interruption.signal,
    onUnexpectedEnd: (error) => interruption.abort(error),
  });
}

/** Rejects with what interrupted. */
function interrupted(): Promise<never> {
  return new Promise((_, reject) => {
    const { signal } = interruption;
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** Ctrl-C is how a start without `--exit` is meant to end. */
function exitCodeOf(error: unknown): number {
  if (error instanceof Interrupted) return config.exit ? EXIT_INTERRUPTED : 0;
  if (!(error instanceof ProgramError || error instanceof FolderInUseError)) throw error;
  process.stderr.write(`\n${error.message}\n`);
  return EXIT_FAILED;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
