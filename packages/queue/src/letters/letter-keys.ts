import { queueKey } from '../names.js';

/** Where the dead letters of a channel are, and by what they are found. All in the channel's own cluster slot. */
export function letterKeys(channel: string) {
  const key = (suffix: string) => queueKey(channel, suffix);
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
    /** Hash: the job itself. */
    letter: (jobId: string) => key(jobId),
  };
}

export type LetterKeys = ReturnType<typeof letterKeys>;
