import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface SinkReport {
  /** Every request, in order of arrival; `atMs` is the sink's own monotonic clock. */
  readonly requests: readonly { id: string; path: string; atMs: number; valid: boolean }[];
  /** By event id, in the order of first acceptance: how often accepted, and the body of the first time in base64. */
  readonly accepted: Readonly<Record<string, { times: number; body: string }>>;
  /** Calls (`thread_id`) of which two requests were under way at a time. */
  readonly crowdedCalls: readonly string[];
  /** Ids of which two requests were under way at a time. */
  readonly overlapping: readonly string[];
  readonly connections: number;
  /** Requests under way at a time, at the most. */
  readonly mostUnderWay: number;
  /** The sink's own monotonic clock at this moment. */
  readonly nowMs: number;
}

export interface Sink {
  /** Where to post events. */
  readonly url: string;
  readonly port: number;
  report(): Promise<SinkReport>;
  /** From now on accepts what is called `heal-…`. */
  heal(): Promise<void>;
  /** From now on answers every event like this, or not at all; null: by its id again. */
  answerAll(
    answer: { status: number; headers?: Readonly<Record<string, string>> } | 'hang' | null,
  ): Promise<void>;
  /** From now on all requests, or a share of them, get this behaviour; `{}` ends it. */
  misbehave(mode: SinkMode): Promise<void>;
  stop(): Promise<void>;
}

/** Behaviours are those of `sink.py`. */
export interface SinkMode {
  readonly behaviour?: string;
  readonly argument?: string;
  /** From 0 to 1; default all. */
  readonly share?: number;
  /** With TLS: the file name, without `.pem`, of the certificate that new connections see; default `valid`. */
  readonly certificate?: string;
}

export interface SinkOptions {
  /** Every acceptance is a line of this file; then `report` is empty. */
  readonly ledgerFile?: string;
  /** Before each answer; default 0. */
  readonly latencyMs?: number;
  /** A folder of certificates with their keys; the sink is then https: on localhost. */
  readonly tlsFolder?: string;
}

/**
 * The sink of `sink.py`, in a process and a language of its own, so that nothing of ours can agree with itself.
 *
 * @throws when there is no python3; `npm test` installs one where it can
 */
export async function startSink(
  secret: string,
  { ledgerFile, tlsFolder, latencyMs = 0 }: SinkOptions = {},
): Promise<Sink> {
  const script = fileURLToPath(new URL('../sink/sink.py', import.meta.url));
  const args = [
    '--latency',
    String(latencyMs),
    ...(ledgerFile === undefined ? [] : ['--ledger', ledgerFile]),
    ...(tlsFolder === undefined ? [] : ['--tls', tlsFolder]),
  ];
  const child = spawn('python3', [script, secret, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const [line] = (await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    once(child, 'error').then(([error]) => Promise.reject(error)),
    exited.then(([code]) => Promise.reject(new Error(`sink.py ended with ${code}`))),
  ])) as [string];
  const { port, controlPort } = JSON.parse(line) as { port: number; controlPort: number };
  const control = `http://127.0.0.1:${controlPort}`;
  return {
    port,
    url: `${tlsFolder === undefined ? 'http://127.0.0.1' : 'https://localhost'}:${port}/incoming/voice`,
    report: async () => (await fetch(`${control}/report`)).json() as Promise<SinkReport>,
    async heal() {
      await fetch(`${control}/heal`, { method: 'POST' });
    },
    async answerAll(answer) {
      const told = answer === 'hang' ? { hang: true } : (answer ?? {});
      await fetch(`${control}/answer`, { method: 'POST', body: JSON.stringify(told) });
    },
    async misbehave(mode) {
      await fetch(`${control}/mode`, { method: 'POST', body: JSON.stringify(mode) });
    },
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
