import { type ChannelState, type RedisConnection, readChannelState } from '@callpost/queue';
import { channelsOf } from '../channels.js';
import type { Context } from '../context.js';
import type { Colour } from '../output/paint.js';
import { ageText } from '../output/words.js';

export interface ChannelView {
  readonly channel: string;
  readonly state: ChannelState;
}

/** The channels a command is about, each with how it is doing. */
export async function readChannelViews(redis: RedisConnection, context: Context): Promise<ChannelView[]> {
  const channels = await channelsOf(redis, context);
  return Promise.all(
    channels.map(async (channel) => ({ channel, state: await readChannelState(redis, channel) })),
  );
}

/** One word: a person's pause goes before what the brake does by itself. */
export function stateWord({ state, pause }: ChannelState): string {
  return pause === null ? state : 'paused';
}

export function stateColour(state: ChannelState): Colour | null {
  const word = stateWord(state);
  if (word === 'flowing') return null;
  return word === 'recovering' ? 'yellow' : 'red';
}

/** Null: always so far. */
export function stateAgeMs({ sinceMs, pause, nowMs }: ChannelState): number | null {
  const atMs = pause?.atMs ?? sinceMs;
  return atMs === null ? null : Math.max(0, nowMs - atMs);
}

/** What a person should know beside the word; empty for a channel that flows. */
export function stateDetails(state: ChannelState): string {
  const { pause } = state;
  const own = brakeDetails(state);
  if (pause === null) return own;
  const why = pause.reason === null ? '' : `: ${pause.reason}`;
  const beside = state.state === 'flowing' ? '' : `; ${state.state} as well: ${own}`;
  return `by ${pause.who}${why}${beside}`;
}

function brakeDetails({ state, status, probeAtMs, untilMs, window, rate, nowMs }: ChannelState): string {
  const slower = rate < 1 ? `at ${Math.round(rate * 100)} % of its maxPerSecond` : '';
  const parts = {
    flowing: [slower],
    braked: ['Re:amaze fails', probeText(probeAtMs, nowMs)],
    recovering: [`at most ${window} in flight`, slower],
    waiting: [`Re:amaze asked for it; goes on in ${inText(untilMs, nowMs)}`],
    held: [`Re:amaze refuses it with HTTP ${status}`, probeText(probeAtMs, nowMs)],
  }[state];
  return parts.filter(Boolean).join('; ');
}

function probeText(probeAtMs: number | null, nowMs: number): string {
  return (probeAtMs ?? 0) <= nowMs
    ? 'the next event is tried alone'
    : `one event is tried in ${inText(probeAtMs, nowMs)}`;
}

/** A wait that is not over is never 0 s. */
function inText(atMs: number | null, nowMs: number): string {
  return ageText(Math.max(1_000, Math.ceil(((atMs ?? 0) - nowMs) / 1_000) * 1_000));
}

/** For `-o json`: ages and waits in ms, null where there is none. */
export function channelDocument({ channel, state }: ChannelView) {
  const inMs = (atMs: number | null) => (atMs === null ? null : Math.max(0, atMs - state.nowMs));
  return {
    channel,
    state: stateWord(state),
    brake: state.state,
    stateAgeMs: stateAgeMs(state),
    status: state.status,
    probeInMs: inMs(state.probeAtMs),
    goesOnInMs: inMs(state.untilMs),
    window: state.window,
    rate: state.rate,
    pause: state.pause,
  };
}
