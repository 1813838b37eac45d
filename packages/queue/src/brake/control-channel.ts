import { recordAudit } from '../audit.js';
import type { RedisConnection } from '../redis.js';
import { createBrakeScript } from './brake-script.js';
import { type ChannelState, stateOf, UNTUNED } from './channel-state.js';

export interface ChannelControl {
  readonly channel: string;
  /** The person: operating system user, or whom they act for. */
  readonly who: string;
  /** Through what: `cli`, later the API or the console. */
  readonly via: string;
  readonly reason: string | null;
  /** Unix ms, for the audit trail. */
  readonly nowMs: number;
}

export interface ChannelControlAnswer {
  /** `refused`: there was nothing to do; the state says why. Nothing was changed. */
  readonly status: 'done' | 'refused';
  readonly state: ChannelState;
}

/** Nothing is taken any more until {@link resumeChannel}, whatever happens; events under way finish. */
export function pauseChannel(redis: RedisConnection, control: ChannelControl): Promise<ChannelControlAnswer> {
  return act(redis, 'pause', control);
}

/** Ends a person's pause. */
export function resumeChannel(
  redis: RedisConnection,
  control: ChannelControl,
): Promise<ChannelControlAnswer> {
  return act(redis, 'resume', control);
}

/**
 * Lets a channel that is braked, held or waiting go on now, one event first. If Re:amaze still fails or refuses, the
 * brake comes on again, and the first few refusals are dead letters.
 */
export function releaseChannel(
  redis: RedisConnection,
  control: ChannelControl,
): Promise<ChannelControlAnswer> {
  return act(redis, 'release', control);
}

async function act(
  redis: RedisConnection,
  action: 'pause' | 'resume' | 'release',
  { channel, who, via, reason, nowMs }: ChannelControl,
): Promise<ChannelControlAnswer> {
  const tell = createBrakeScript(redis, channel, UNTUNED);
  const answer = await tell({ random: 0, action, who, ...(reason === null ? {} : { reason }) });
  const state = stateOf(answer);
  if (!answer.isDone) return { status: 'refused', state };
  await recordAudit(redis, {
    atMs: nowMs,
    who,
    via,
    action: `channel_${action}`,
    channel,
    filter: {},
    counts: {},
    comment: reason,
  });
  return { status: 'done', state };
}
