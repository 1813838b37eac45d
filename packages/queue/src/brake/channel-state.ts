import type { RedisConnection } from '../redis.js';
import { type Answer, type BrakeState, type BrakeTuning, createBrakeScript } from './brake-script.js';

/** How a channel is doing, for people. Moments are Redis's, Unix ms. */
export interface ChannelState {
  readonly state: BrakeState;
  /** Null: it has never been anything but flowing. */
  readonly sinceMs: number | null;
  /** Of a channel that is braked or held: when one event is tried; null otherwise. */
  readonly probeAtMs: number | null;
  /** Of one that is waiting. */
  readonly untilMs: number | null;
  /** Of one that is recovering: events that the whole fleet may have in flight. */
  readonly window: number | null;
  /** Of one that is held: the HTTP status that refuses it. */
  readonly status: number | null;
  /** By a person; whatever the state. */
  readonly pause: ChannelPause | null;
  /** From 0 to 1: how much of its `maxPerSecond` it may use. */
  readonly rate: number;
  /** Now, by Redis's clock. */
  readonly nowMs: number;
}

export interface ChannelPause {
  readonly who: string;
  readonly reason: string | null;
  readonly atMs: number;
}

export function stateOf(answer: Answer): ChannelState {
  const { state, sinceMs, probeAtMs, untilMs, window, status, pause, rate, nowMs } = answer;
  const isProbed = state === 'braked' || state === 'held';
  return {
    state,
    sinceMs: sinceMs === 0 ? null : sinceMs,
    probeAtMs: isProbed ? probeAtMs : null,
    untilMs: state === 'waiting' ? untilMs : null,
    window: state === 'recovering' ? window : null,
    status: state === 'held' ? status : null,
    pause: pause === '' ? null : { reason: null, ...(JSON.parse(pause) as Omit<ChannelPause, 'reason'>) },
    rate,
    nowMs,
  };
}

/** Whether events are kept back, and since when; null when they are delivered, if slowly. */
export function stoppedSinceMs({ state, sinceMs, pause }: ChannelState): number | null {
  const isStopped = state === 'braked' || state === 'held' || state === 'waiting';
  const sinces = [
    ...(isStopped && sinceMs !== null ? [sinceMs] : []),
    ...(pause === null ? [] : [pause.atMs]),
  ];
  return sinces.length === 0 ? null : Math.min(...sinces);
}

/** A look does not depend on how the brake is tuned, nor does what a person wants of it. */
export const UNTUNED: BrakeTuning = { cooldownMs: 0, maxCooldownMs: 0, holdThreshold: 1, probeMs: 0 };

export async function readChannelState(redis: RedisConnection, channel: string): Promise<ChannelState> {
  const tell = createBrakeScript(redis, channel, UNTUNED);
  return stateOf(await tell({ random: 0, isLook: true }));
}
