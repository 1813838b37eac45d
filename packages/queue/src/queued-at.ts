import { readMarks } from './event-marks.js';
import { queueKey } from './names.js';
import type { RedisConnection } from './redis.js';
import type { Home } from './shards/layout.js';

/** Unix ms: when an event was enqueued or, if it was, last replayed; null when it is gone. Its age counts from here. */
export async function readQueuedAt(
  redis: RedisConnection,
  home: Home,
  jobId: string,
): Promise<number | null> {
  const [timestamp, progress] = await redis.hmget(queueKey(home, jobId), 'timestamp', 'progress');
  if (timestamp === null || timestamp === undefined) return null;
  return readMarks(parsed(progress)).replayedAtMs ?? Number(timestamp);
}

/** A foreign producer's `progress` may be anything. */
function parsed(json: string | null | undefined): unknown {
  try {
    return JSON.parse(json ?? 'null');
  } catch {
    return null;
  }
}
