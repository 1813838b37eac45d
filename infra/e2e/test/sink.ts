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
  report(): Promise<SinkReport>;
  /** From now on accepts what is called `heal-…`. */
  heal(): Promise<void>;
  /** From now on answers every event like this, or not at all; null: by its id again. */
  answerAll(
    answer: { status: number; headers?: Readonly<Record<string, string>> } | 'hang' | null,
  ): Promise<void>;
  stop(): Promise<void>;
}

/**
 * The sink of `sink.py`, in a process and a language of its own, so that nothing of ours can agree with itself.
 *
 * @throws when there is no python3; `npm test` installs one where it can
 */
export async function startSink(secret: string): Promise<Sink> {
  const script = fileURLToPath(new URL('sink.py', import.meta.url));
  const child = spawn('python3', [script, secret], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const [line] = (await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    once(child, 'error').then(([error]) => Promise.reject(error)),
  ])) as [string];
  const origin = `http://127.0.0.1:${(JSON.parse(line) as { port: number }).port}`;
  return {
    url: `${origin}/incoming/voice`,
    report: async () => (await fetch(`${origin}/report`)).json() as Promise<SinkReport>,
    async heal() {
      await fetch(`${origin}/heal`, { method: 'POST' });
    },
    async answerAll(answer) {
      await fetch(`${origin}/answer`, { method: 'POST', body: JSON.stringify(answer ?? {}) });
    },
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
