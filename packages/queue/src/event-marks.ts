/**
 * What an event carries beside its data and its attempts, in BullMQ's `progress` field, which every client shows and
 * none needs. Absent marks are left out.
 */
export interface EventMarks {
  /** Unix ms of the last replay. */
  readonly replayedAtMs?: number;
  readonly replays?: number;
  /** An interrupted attempt may have arrived; attempts that failed say so in their own records. */
  readonly possiblyDelivered?: true;
}

/** A producer may use `progress` for something of its own; what is not ours is ignored. */
export function readMarks(progress: unknown): EventMarks {
  if (progress === null || typeof progress !== 'object') return {};
  const marks = progress as Record<string, unknown>;
  return {
    ...(typeof marks.replayedAtMs === 'number' ? { replayedAtMs: marks.replayedAtMs } : {}),
    ...(typeof marks.replays === 'number' ? { replays: marks.replays } : {}),
    ...(marks.possiblyDelivered === true ? { possiblyDelivered: true } : {}),
  };
}
