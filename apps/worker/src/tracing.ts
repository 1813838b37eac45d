import type { ErrorLog } from '@callpost/telemetry';
import type { Tracing } from '@callpost/tracing';
import type { WorkerConfig } from './config.js';
import { within } from './within.js';

/** Of the time that shutdown.ts leaves for handing back. */
const LAST_EXPORT_MS = 1_500;

/** Imported only here and now: a worker that does not trace loads nothing of OpenTelemetry. */
export async function loadTracing(
  { build, workerName }: WorkerConfig,
  errorLog: ErrorLog,
): Promise<Pick<Tracing, 'attempt' | 'stop'>> {
  const { startTracing } = await import('@callpost/tracing');
  const tracing = startTracing({
    serviceName: 'callpost-worker',
    version: build.version,
    instance: workerName,
    onError: (error) => errorLog.report('exporting traces failed', error),
  });
  return { ...tracing, stop: async () => void (await within(tracing.stop(), LAST_EXPORT_MS)) };
}
