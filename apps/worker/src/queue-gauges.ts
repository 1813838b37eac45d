import { BRAKE_STATES, type ChannelState, type ChannelStatus, stoppedSinceMs } from '@callpost/queue';
import type { ErrorLog, Metrics } from '@callpost/telemetry';
import { within } from './within.js';

export interface QueueGaugesOptions {
  readonly channels: () => readonly string[];
  readonly readStatus: (channel: string) => Promise<ChannelStatus>;
  readonly readState: (channel: string) => Promise<ChannelState>;
  readonly metrics: Metrics;
  readonly channelLabel: (channel: string) => string;
  readonly errorLog: ErrorLog;
  readonly now: () => number;
}

/** Scrapes closer together than this share one reading. */
const FRESH_FOR_MS = 5_000;
/** A scrape does not wait longer for Redis; the timestamp gauge then says how old the numbers are. */
const READ_TIMEOUT_MS = 2_000;

/** Brings the gauges that are read from Redis up to date, for a scrape. Never rejects, and never waits long. */
export function createQueueGauges(options: QueueGaugesOptions): () => Promise<void> {
  const { channels, readStatus, readState, metrics, channelLabel, errorLog, now } = options;
  let lastReadAtMs = 0;
  let reading: Promise<void> | null = null;

  async function read(): Promise<void> {
    const names = channels();
    const [statuses, states] = await Promise.all([
      Promise.all(names.map(readStatus)),
      Promise.all(names.map(readState)),
    ]);
    for (const status of statuses) show(status);
    for (const [index, state] of states.entries()) showState(names[index] ?? '', state);
    lastReadAtMs = now();
    metrics.scrapeSuccess.set(lastReadAtMs / 1_000);
  }

  function show({ channel: name, counts, oldestWaitingAtMs, oldestDeadAtMs }: ChannelStatus): void {
    const channel = channelLabel(name);
    for (const [state, count] of Object.entries(counts)) metrics.queueJobs.set({ channel, state }, count);
    metrics.oldestAge.set({ channel, state: 'waiting' }, ageSeconds(oldestWaitingAtMs));
    metrics.oldestAge.set({ channel, state: 'dead' }, ageSeconds(oldestDeadAtMs));
  }

  function showState(name: string, state: ChannelState): void {
    const channel = channelLabel(name);
    for (const one of BRAKE_STATES) {
      metrics.channelState.set({ channel, state: one }, one === state.state ? 1 : 0);
    }
    metrics.channelState.set({ channel, state: 'paused' }, state.pause === null ? 0 : 1);
    metrics.channelHeld.set({ channel }, state.state === 'held' ? 1 : 0);
    const sinceMs = stoppedSinceMs(state);
    metrics.brakeSeconds.set({ channel }, sinceMs === null ? 0 : (state.nowMs - sinceMs) / 1_000);
  }

  function ageSeconds(sinceMs: number | null): number {
    return sinceMs === null ? 0 : Math.max(0, now() - sinceMs) / 1_000;
  }

  return async () => {
    if (now() - lastReadAtMs < FRESH_FOR_MS) return;
    reading ??= read()
      .catch((error: unknown) => errorLog.report('reading the queues for /metrics failed', error))
      .finally(() => {
        reading = null;
      });
    await within(reading, READ_TIMEOUT_MS);
  };
}
