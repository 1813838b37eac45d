import { fileURLToPath } from 'node:url';
import { type Program, startProgram } from '@callpost/testkit';

const WORKER = fileURLToPath(new URL('../../../apps/worker/dist/main.js', import.meta.url));

export interface WorkerProcess extends Program {
  /** `http://127.0.0.1:port` of /metrics, /livez and /readyz. */
  readonly opsUrl: string;
  /** SIGTERM, and the exit code. */
  stop(): Promise<number | null>;
}

/**
 * The worker as it is deployed, with short retries and without limits that a test would have to wait for.
 *
 * @param until the line that is waited for: `worker started` comes before Redis is looked at
 */
export async function startWorker(
  environment: Readonly<Record<string, string>>,
  until: 'worker ready' | 'worker started' = 'worker ready',
): Promise<WorkerProcess> {
  const program = startProgram(WORKER, {
    METRICS_PORT: '0',
    RETRY_BASE_MS: '50',
    RETRY_CAP_MS: '400',
    REQUEST_TIMEOUT_MS: '2000',
    SHUTDOWN_GRACE_MS: '5000',
    ...environment,
  });
  const ready = await program.line({ msg: until });
  return {
    ...program,
    opsUrl: String(ready.metricsUrl).replace('/metrics', ''),
    async stop() {
      program.kill('SIGTERM');
      return program.exited();
    },
  };
}
