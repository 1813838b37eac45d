/**
 * What an event carries beside its data and its attempts, in BullMQ's `progress` field, which every client shows and
 * none needs. Absent marks are left out.
 */
export interface EventMarks {
  /** Unix ms of the last replay. */
  readonly replayedAtMs?: number;
  readonly replays?: number;
  /** The replay run that sent it last. */
  readonly runId?: string;
  /** Unix ms of each edit of its data; what it was before the first is kept beside the data. */
  readonly editedAtMs?: readonly number[];
  /** An interrupted attempt may have arrived; attempts that failed say so in their own records. */
  readonly possiblyDelivered?: true;
}

/** A producer may use `progress` for something of its own; what is not ours is ignored. */
export function readMarks(progress: unknown): EventMarks {
  if (progress === null || typeof progress !== 'object') return {};
  const { replayedAtMs, replays, runId, editedAtMs, possiblyDelivered } = progress as Record<string, unknown>;
  return {
    ...(typeof replayedAtMs === 'number' ? { replayedAtMs } : {}),
    ...(typeof replays === 'number' ? { replays } : {}),
    ...(typeof runId === 'string' ? { runId } : {}),
    ...(Array.isArray(editedAtMs) ? { editedAtMs: editedAtMs.map(Number) } : {}),
    ...(possiblyDelivered === true ? { possiblyDelivered } : {}),
  };
}
