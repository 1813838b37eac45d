import { fileURLToPath } from 'node:url';
import { type Program, startProgram } from '@callpost/testkit';

const WORKER_PROGRAM = fileURLToPath(new URL('../../../../apps/worker/dist/main.js', import.meta.url));
/** What is loaded before a worker. */
const BEFORE = ['surroundings', '../planted/plant']
  .map((name) => `--import=${new URL(`../../dist/parts/${name}.js`, import.meta.url).href}`)
  .join(' ');

/** The workers of a stage. */
export interface Fleet {
  readonly workers: readonly Program[];
  start(environment?: Readonly<Record<string, string>>, program?: string): Promise<Program>;
  /** kill -9. */
  kill(worker: Program): Promise<void>;
  /** SIGTERM; the exit code, which is null when a signal ended it. */
  stop(worker: Program): Promise<number | null>;
  close(): Promise<void>;
}

/** @param environment of all workers; `CALLPOST_WORKER` in our own environment runs another build */
export function createFleet(environment: Readonly<Record<string, string>>): Fleet {
  const workers = new Set<Program>();

  async function end(worker: Program, signal: NodeJS.Signals): Promise<number | null> {
    workers.delete(worker);
    worker.kill(signal);
    return worker.exited();
  }

  return {
    get workers() {
      return [...workers];
    },
    async start(own = {}, program = process.env.CALLPOST_WORKER ?? WORKER_PROGRAM) {
      const worker = startProgram(program, {
        METRICS_PORT: '0',
        RETRY_BASE_MS: '50',
        RETRY_CAP_MS: '400',
        SHUTDOWN_GRACE_MS: '5000',
        NODE_OPTIONS: BEFORE,
        ...environment,
        ...own,
      });
      workers.add(worker);
      await worker.line({ msg: 'worker ready' });
      return worker;
    },
    async kill(worker) {
      await end(worker, 'SIGKILL');
    },
    stop: (worker) => end(worker, 'SIGTERM'),
    async close() {
      await Promise.all([...workers].map((worker) => end(worker, 'SIGKILL')));
    },
  };
}
