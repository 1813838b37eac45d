import { readFileSync } from 'node:fs';
import { environment, readFile } from './config.js';
import { EXIT } from './exit-code.js';
import { osUser } from './os-user.js';
import { runCli } from './run-cli.js';
import { write } from './terminal.js';

const interrupt = new AbortController();
const outputClosed = new AbortController();

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // Whoever presses Ctrl-C twice does not want to wait for a tidy end.
    if (interrupt.signal.aborted) process.exit(EXIT.interrupted);
    interrupt.abort();
  });
}
process.stdout.on('error', closedOrThrow);
process.stderr.on('error', closedOrThrow);

const exit = await runCli(
  process.argv.slice(2),
  {
    terminal: { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr },
    env: environment(),
    readFile,
    osUser: osUser(),
    now: Date.now,
    random: Math.random,
    interrupted: interrupt.signal,
    outputClosed: outputClosed.signal,
  },
  readVersion(),
);
await Promise.all([write(process.stdout, ''), write(process.stderr, '')]);
// Not by running dry: stdin may still be open, and a Redis that is frozen keeps its socket.
process.exit(exit);

function closedOrThrow(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  outputClosed.abort();
}

function readVersion(): string {
  const packageJson: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const isRecord = packageJson !== null && typeof packageJson === 'object';
  return isRecord && 'version' in packageJson ? String(packageJson.version) : 'unknown';
}
