import { queueKey } from '../names.js';
import type { Home } from '../shards/layout.js';

/** Behind a queue's key prefix, and before a job id: {@link letterKeys}' `left`. */
export const LEFT_KEY = 'callpost:left:';
/** Longer than a move may take. */
export const LEFT_MS = 120_000;

/** Where the dead letters of a home are, and by what they are found. All in the home's own cluster slot. */
export function letterKeys(home: Home) {
  const key = (suffix: string) => queueKey(home, suffix);
  return {
    /** BullMQ's failed set: which letters there are, by time of death. The truth; everything below is a hint. */
    failed: key('failed'),
    /** Sorted set: the letters that are indexed, by time of death; to be compared with `failed` inside Redis. */
    indexed: key('callpost:indexed'),
    /** Hash: job id → {@link LetterEntry}, what a letter is filtered by. */
    entries: key('callpost:letters'),
    /** Hash: cause id → reason and template. */
    causes: key('callpost:causes'),
    /** Sorted set: job ids of a cause by time of death. */
    ofCause: (causeId: string) => key(`callpost:cause:${causeId}`),
    /** Sorted set, all scores 0: {@link callMember} of each letter that is indexed, so that those of a call lie together. */
    byCall: key('callpost:letters:by-call'),
    /**
     * String: how a letter left this home, `discarded` or the stamp of the move that took it (`shards/move-scripts.ts`). By it
     * a move that finds its letter gone knows whether its copy is one too many. Expires after {@link LEFT_MS}.
     */
    left: (jobId: string) => key(`${LEFT_KEY}${jobId}`),
    /** Hash: the job itself. */
    letter: (jobId: string) => key(jobId),
  };
}

/** A letter in {@link letterKeys}.byCall. */
export function callMember(call: string | null, jobId: string): string {
  return `${call ?? ''}\0${jobId}`;
}

/** The members of a call, as ZRANGEBYLEX and ZLEXCOUNT take them. */
export function callRange(call: string): readonly [min: string, max: string] {
  return [`[${call}\0`, `(${call}\u0001`];
}

export type LetterKeys = ReturnType<typeof letterKeys>;
