import { type Program, startProgram } from './program.js';
import { readWorkerLine, type WorkerLine } from './worker-line.js';

export interface WorkerOptions {
  readonly script: string;
  readonly redisUrl: string;
  /** Of the simulator. */
  readonly voiceUrl: string;
  readonly secret: string;
  readonly env: Readonly<Record<string, string>>;
  readonly onStarted: (program: Program) => void;
  readonly onLine: (line: WorkerLine) => void;
}

/** Retries are to be watched by a person: much sooner than in production, where they begin at one second. */
const RETRY_BASE_MS = 300;
const RETRY_CAP_MS = 5_000;
const SHUTDOWN_GRACE_MS = 3_000;
const READY_WITHIN_MS = 20_000;

/** Resolves to the URL of its metrics as soon as it is ready. */
export async function startWorker(options: WorkerOptions): Promise<string> {
  const program = startProgram({
    name: 'The worker',
    command: process.execPath,
    args: [options.script],
    env: {
      ...options.env,
      REDIS_URL: options.redisUrl,
      REAMAZE_URL: options.voiceUrl,
      REAMAZE_SHARED_SECRET: options.secret,
      METRICS_HOST: '127.0.0.1',
      METRICS_PORT: '0',
      LOG_LEVEL: 'info',
      RETRY_BASE_MS: String(RETRY_BASE_MS),
      RETRY_CAP_MS: String(RETRY_CAP_MS),
      SHUTDOWN_GRACE_MS: String(SHUTDOWN_GRACE_MS),
    },
  });
  options.onStarted(program);
  program.onLine((line) => {
    const read = readWorkerLine(line);
    if (read !== null) options.onLine(read);
  });
  return program.waitFor((line) => {
    const read = readWorkerLine(line);
    return read?.kind === 'ready' ? read.metricsUrl : null;
  }, READY_WITHIN_MS);
}
