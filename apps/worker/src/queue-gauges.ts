import type { ChannelReading, RedisMemory } from '@callpost/queue';
import { type ErrorLog, forgetFleet, type Metrics } from '@callpost/telemetry';
import { backlogOf, type ChannelFigures, figuresOf, joinFigures } from './channel-figures.js';
import { createReading } from './reading.js';
import { createTrend, secondsUntil } from './trend.js';

export interface QueueGaugesOptions {
  readonly channels: () => readonly string[];
  readonly readChannel: (channel: string) => Promise<ChannelReading>;
  readonly readMemory: () => Promise<RedisMemory>;
  readonly metrics: Metrics;
  readonly channelLabel: (channel: string) => string;
  readonly errorLog: ErrorLog;
  /** Unix ms. */
  readonly now: () => number;
}

const DRAIN_TREND = { windowMs: 5 * 60_000, leastMs: 15_000 };
const MEMORY_TREND = { windowMs: 15 * 60_000, leastMs: 30_000 };

/**
 * Brings the metrics that are read from Redis up to date, for a scrape. Never rejects, and never waits long: each
 * channel is read by itself, and what could not be read lately is not on the page.
 */
export function createQueueGauges(options: QueueGaugesOptions): () => Promise<void> {
  const { channels, metrics, channelLabel } = options;
  const memory = readMemoryOf(options);
  const opened = new Map<string, ReturnType<typeof readChannelOf>>();

  function open(channel: string) {
    const found = opened.get(channel) ?? readChannelOf(channel, options);
    opened.set(channel, found);
    return found;
  }

  return async () => {
    const names = channels();
    for (const gone of [...opened.keys()].filter((name) => !names.includes(name))) opened.delete(gone);
    await Promise.all([memory, ...names.map(open)].map(({ refresh }) => refresh()));

    forgetFleet(metrics);
    memory.show();
    for (const label of new Set(names.map(channelLabel))) {
      const sharing = names.filter((name) => channelLabel(name) === label);
      showChannel(metrics, label, sharing.map(open));
    }
  };
}

function readChannelOf(channel: string, { readChannel, errorLog, now }: QueueGaugesOptions) {
  const backlog = createTrend(DRAIN_TREND);
  const reading = createReading({
    read: () => readChannel(channel),
    onError: (error) => errorLog.report('reading the queues for /metrics failed', error),
    onRead: ({ value, atMs }) => backlog.add(backlogOf(value), atMs),
    now,
  });
  return {
    ...reading,
    figures(): ChannelFigures | null {
      const latest = reading.latest();
      if (latest === null) return null;
      const perSecond = backlog.perSecond();
      const drainEtaSeconds = secondsUntil(backlogOf(latest.value), perSecond === null ? null : -perSecond);
      return figuresOf(latest.value, { nowMs: latest.atMs, drainEtaSeconds });
    },
  };
}

function readMemoryOf({ readMemory, metrics, errorLog, now }: QueueGaugesOptions) {
  /** Of one server: the points of two make no line. */
  let trend = { server: '', used: createTrend(MEMORY_TREND) };
  const reading = createReading({
    read: readMemory,
    onError: (error) => errorLog.report('reading the memory of Redis for /metrics failed', error),
    onRead({ value: { server, usedBytes }, atMs }) {
      if (server !== trend.server) trend = { server, used: createTrend(MEMORY_TREND) };
      trend.used.add(usedBytes, atMs);
    },
    now,
  });
  return {
    ...reading,
    show() {
      const latest = reading.latest();
      if (latest === null) return;
      const { usedBytes, limitBytes } = latest.value;
      metrics.redisMemoryUsed.set(usedBytes);
      metrics.redisMemoryLimit.set(limitBytes);
      const etaSeconds = secondsUntil(limitBytes - usedBytes, trend.used.perSecond());
      if (etaSeconds !== null) metrics.redisMemoryFullEta.set(etaSeconds);
    },
  };
}

/** @param sharing the channels with this label: one, or those beyond the number that have a label of their own */
function showChannel(
  metrics: Metrics,
  channel: string,
  sharing: readonly ReturnType<typeof readChannelOf>[],
): void {
  const readAtMs = Math.min(...sharing.map((one) => one.readAtMs() ?? 0));
  metrics.scrapeSuccess.set({ channel }, readAtMs / 1_000);
  const figures = sharing.map((one) => one.figures()).filter((one) => one !== null);
  // Some of several would be a sum that falls.
  if (figures.length < sharing.length) return;

  const joined = joinFigures(figures);
  for (const [outcome, count] of Object.entries(joined.enqueued)) {
    metrics.eventsEnqueued.inc({ channel, outcome }, count);
  }
  for (const [state, count] of Object.entries(joined.jobs)) metrics.queueJobs.set({ channel, state }, count);
  for (const [state, age] of Object.entries(joined.ageSeconds))
    metrics.oldestAge.set({ channel, state }, age);
  metrics.retryOverdue.set({ channel }, joined.retryOverdueSeconds);
  for (const [state, is] of Object.entries(joined.channelStates)) {
    metrics.channelState.set({ channel, state }, is);
  }
  metrics.channelHeld.set({ channel }, joined.channelStates.held);
  metrics.brakeSeconds.set({ channel }, joined.brakeSeconds);
  if (joined.drainEtaSeconds !== null) metrics.drainEta.set({ channel }, joined.drainEtaSeconds);
  for (const [state, runs] of Object.entries(joined.replayRuns)) {
    metrics.replayRuns.set({ channel, state }, runs);
  }
  metrics.replayLettersLeft.set({ channel }, joined.replayLettersLeft);
}
