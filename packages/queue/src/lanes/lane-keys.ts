import { queueKey } from '../names.js';

/**
 * Where the lanes of a channel are: the order of each call's events, from being enqueued to being delivered or dead.
 * All in the channel's own cluster slot.
 */
export function laneKeys(channel: string) {
  const key = (suffix: string) => queueKey(channel, suffix);
  return {
    /** Hash: call → job id of its first event, the only one that may be taken. */
    firsts: key('callpost:lanes'),
    /** List: job ids of the call's events that wait for the first, in the order of enqueueing. They are delayed jobs. */
    followers: (call: string) => key(`callpost:lane:${call}`),
    /** How many events are in all these lists. */
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

/**
 * Field of a job: the call whose lane it has a place in. Absent: it has none, and waits for nobody; or it is parked, has
 * its place, and is given the field when it is woken (56 bytes each that most events do without).
 */
export const LANE_FIELD = 'lane';

/** Field of a job that lost its place to a later event of its call: the call. */
export const OVERTAKEN_FIELD = 'overtaken';

/** Field beside it: order stamp and job id of that later event, with a space between. */
export const OVERTAKEN_BY_FIELD = 'overtakenBy';

/** Field of {@link laneKeys}' `settings`. */
export const MAX_HOLD_SETTING = 'laneMaxHoldMs';

/**
 * Field of {@link laneKeys}' `settings`: the newest generation of the channel's layout that anybody has come here with;
 * absent: 0. See `add-lua.ts`.
 */
export const GENERATION_SETTING = 'generation';

/** How long an event waits for earlier ones of its call unless the workers are told otherwise. */
export const DEFAULT_LANE_MAX_HOLD_MS = 15 * 60_000;

/**
 * The job name of a parked event, where every client of BullMQ shows it. A job that is taken with it has to look whether it
 * is its turn. Waking gives it its own back, so that an ordinary event costs no look. A field of its own would be 48 bytes.
 */
export const PARKED = 'parked';
