import { createCallEventQueue } from '@callpost/queue';
import { gatherWhenSettled } from './evidence.js';
import { type Launched, type LaunchOptions, launch } from './launch.js';
import { createLiveLines } from './live-lines.js';
import { inOrderOfTime, sampleCalls } from './sample-calls.js';
import { sendCalls } from './send-calls.js';
import { summaryLines } from './summary-lines.js';
import { planTroubles, simulatorRules } from './troubles.js';
import { type Summary, summarise } from './verdict.js';
import { whereToLookLines } from './where-to-look.js';
import type { WorkerLine } from './worker-line.js';

export interface ShowOptions extends Omit<LaunchOptions, 'onWorkerLine'> {
  readonly runId: string;
  /** Unix ms. */
  readonly now: () => number;
  /** Aborted when the person has seen enough. */
  readonly signal: AbortSignal;
}

/** Starts everything, sends the calls, shows what becomes of them and sums it up. Everything goes on running. */
export async function show(options: ShowOptions): Promise<Summary> {
  const { config, screen, teardown, runId, now, signal } = options;
  const startMs = now();
  const calls = sampleCalls({ count: config.calls, runId, startMs });
  const sent = inOrderOfTime(calls);
  const troubles = planTroubles(calls);
  const samples = new Map(sent.map((sample) => [sample.event.id, sample]));
  const lines = createLiveLines({ samples, paint: screen.paint, now });
  const retriedIds = new Set<string>();

  function onWorkerLine(line: WorkerLine): void {
    if (line.kind === 'attempt' && line.attempt.outcome === 'retry') retriedIds.add(line.attempt.eventId);
    const text = lines.worker(line);
    if (text !== null && !teardown.hasBegun) screen.print(text);
  }

  const launched = await launch({ ...options, onWorkerLine });
  const { redis, redisUrl, simulator } = launched;
  await simulator.setRules(simulatorRules(troubles));
  const queue = createCallEventQueue({ redis: redisUrl });
  teardown.add(() => queue.close());
  screen.print('');
  await sendCalls({
    calls,
    queue,
    onCallStarts: (call) => screen.print(lines.callStarts(call)),
    nowMs: () => performance.now(),
    signal,
  });
  const evidence = await gatherWhenSettled(
    { sent, troubles, redis, simulator, retriedIds, sinceMs: startMs },
    signal,
  );
  const summary = summarise(evidence);
  screen.print('', ...summaryLines(summary, screen.paint), '');
  const [deadId = null] = [...evidence.deadIds];
  if (!config.exit) screen.print(...nextSteps(launched, deadId, options), '');
  return summary;
}

function nextSteps(launched: Launched, deadId: string | null, { screen }: ShowOptions): string[] {
  const { redisUrl, metricsUrl, simulator } = launched;
  return whereToLookLines({ redisUrl, metricsUrl, simulatorUrl: simulator.url, deadId }, screen.paint);
}
