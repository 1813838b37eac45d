import { createSendTracing, type SendTracing } from '@callpost/queue';
import { isTraced } from '../config.js';
import type { Context } from '../context.js';
import { visible } from '../output/visible.js';
import { note } from '../terminal.js';
import { within } from '../within.js';

interface OpenTracing {
  /** For `createCallEventQueue`; empty when nothing is traced. */
  readonly options: { readonly tracing?: SendTracing };
  /** Exports what is left; what cannot be exported is told, and fails nothing. */
  close(): Promise<void>;
}

const LAST_EXPORT_MS = 5_000;

/**
 * Traces of what is sent, when the OTEL_ variables ask for them; otherwise nothing of OpenTelemetry is loaded.
 *
 * @throws UsageError for a faulty variable
 */
export async function openSendTracing({ env, terminal }: Context): Promise<OpenTracing> {
  if (!isTraced(env)) return { options: {}, close: async () => undefined };
  const { startTracing } = await import('@callpost/tracing');
  let failure: Error | null = null;
  const { api, stop } = startTracing({
    serviceName: 'callpost-cli',
    onError: (error) => {
      failure ??= error;
    },
  });
  return {
    options: { tracing: createSendTracing(api) },
    async close() {
      await within(stop(), LAST_EXPORT_MS, () => new Error('no answer in time')).catch((error: Error) => {
        failure ??= error;
      });
      if (failure !== null)
        await note(terminal, `callpost: traces were not exported: ${visible(failure.message)}`);
    },
  };
}
