import { queueKey } from '../names.js';

/**
 * Where the lanes of a channel are: the order of each call's events, from being enqueued to being delivered or dead.
 * All in the channel's own cluster slot.
 */
export function laneKeys(channel: string) {
  const key = (suffix: string) => queueKey(channel, suffix);
  return {
    /** List: job ids of a call in the order of enqueueing. Only the first one may be taken. */
    lane: (call: string) => key(`callpost:lane:${call}`),
    /** Sorted set: job ids of the events that wait for an earlier one, by Unix ms of parking. They are delayed jobs. */
    parked: key('callpost:parked'),
    /**
     * Hash: call → order stamp of its newest event delivered since one of its events died, `0` for none yet. Kept only
     * for calls that have dead letters: by it a replay sees that it would come too late.
     */
    deliveredSince: key('callpost:calls:delivered'),
    /** Hash: what workers are set to and producers have to know. */
    settings: key('callpost:settings'),
  };
}

/** Field of a job: the call whose lane it has a place in. Absent: it has none, and waits for nobody. */
export const LANE_FIELD = 'lane';

/** Field of {@link laneKeys}' `settings`. */
export const MAX_HOLD_SETTING = 'laneMaxHoldMs';

/** How long an event waits for earlier ones of its call unless the workers are told otherwise. */
export const DEFAULT_LANE_MAX_HOLD_MS = 15 * 60_000;

/**
 * What a parked job shows as its reason; a job that is taken with it has to look whether it is its turn. Waking removes
 * it, so that an ordinary event costs no look.
 */
export const PARKED_REASON = 'parked: an earlier event of its call comes first';
