import {
  BRAKE_STATES,
  type ChannelReading,
  EVENT_STATES,
  OPEN_RUN_STATES,
  stoppedSinceMs,
} from '@callpost/queue';

/** Where an event still has to be delivered from. */
const BACKLOG_STATES = ['waiting', 'in_flight', 'retrying', 'parked'] as const;
const ENQUEUE_OUTCOMES = ['accepted', 'duplicate', 'invalid'] as const;
const CHANNEL_STATES = [...BRAKE_STATES, 'paused'] as const;
const AGE_STATES = ['waiting', 'retrying', 'parked', 'dead'] as const;

/** What the gauges of a channel show, in the units of the metrics. */
export interface ChannelFigures {
  readonly enqueued: Readonly<Record<(typeof ENQUEUE_OUTCOMES)[number], number>>;
  readonly jobs: Readonly<Record<(typeof EVENT_STATES)[number], number>>;
  readonly ageSeconds: Readonly<Record<(typeof AGE_STATES)[number], number>>;
  readonly retryOverdueSeconds: number;
  /** 1 for the state the channel is in, and for `paused` beside it. */
  readonly channelStates: Readonly<Record<(typeof CHANNEL_STATES)[number], number>>;
  readonly brakeSeconds: number;
  /** Null: not known yet. */
  readonly drainEtaSeconds: number | null;
  readonly replayRuns: Readonly<Record<(typeof OPEN_RUN_STATES)[number], number>>;
  readonly replayLettersLeft: number;
}

export function backlogOf({ status: { counts } }: ChannelReading): number {
  return BACKLOG_STATES.reduce((sum, state) => sum + counts[state], 0);
}

/**
 * @param nowMs Unix ms of the reading
 */
export function figuresOf(
  {
    status,
    state,
    waitingSinceMs,
    enqueued,
    oldestRetryingAtMs,
    oldestParkedAtMs,
    nextRetryAtMs,
    replay,
  }: ChannelReading,
  { nowMs, drainEtaSeconds }: { nowMs: number; drainEtaSeconds: number | null },
): ChannelFigures {
  const since = (atMs: number | null) => (atMs === null ? 0 : Math.max(0, nowMs - atMs) / 1_000);
  return {
    enqueued,
    jobs: status.counts,
    ageSeconds: {
      waiting: since(waitingSinceMs),
      retrying: since(oldestRetryingAtMs),
      parked: since(oldestParkedAtMs),
      dead: since(status.oldestDeadAtMs),
    },
    retryOverdueSeconds: since(nextRetryAtMs),
    channelStates: byName(CHANNEL_STATES, (one) =>
      Number(one === 'paused' ? state.pause !== null : one === state.state),
    ),
    brakeSeconds: Math.max(0, state.nowMs - (stoppedSinceMs(state) ?? state.nowMs)) / 1_000,
    drainEtaSeconds,
    replayRuns: replay.runs,
    replayLettersLeft: replay.lettersLeft,
  };
}

/** Of channels that share a label: counts add up, and of times the greatest speaks for all. */
export function joinFigures(all: readonly ChannelFigures[]): ChannelFigures {
  const sum = (of: (figures: ChannelFigures) => number) => all.reduce((total, one) => total + of(one), 0);
  const max = (of: (figures: ChannelFigures) => number) => Math.max(...all.map(of));
  const etas = all.map(({ drainEtaSeconds }) => drainEtaSeconds);
  return {
    enqueued: byName(ENQUEUE_OUTCOMES, (outcome) => sum(({ enqueued }) => enqueued[outcome])),
    jobs: byName(EVENT_STATES, (state) => sum(({ jobs }) => jobs[state])),
    ageSeconds: byName(AGE_STATES, (state) => max(({ ageSeconds }) => ageSeconds[state])),
    retryOverdueSeconds: max(({ retryOverdueSeconds }) => retryOverdueSeconds),
    channelStates: byName(CHANNEL_STATES, (state) => max(({ channelStates }) => channelStates[state])),
    brakeSeconds: max(({ brakeSeconds }) => brakeSeconds),
    drainEtaSeconds: etas.includes(null) ? null : Math.max(...etas.map(Number)),
    replayRuns: byName(OPEN_RUN_STATES, (state) => sum(({ replayRuns }) => replayRuns[state])),
    replayLettersLeft: sum(({ replayLettersLeft }) => replayLettersLeft),
  };
}

function byName<N extends string>(names: readonly N[], value: (name: N) => number): Record<N, number> {
  return Object.fromEntries(names.map((name) => [name, value(name)])) as Record<N, number>;
}
