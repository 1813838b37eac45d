import type { CallEvent } from '@callpost/domain';
import type { Redis } from 'ioredis';

export interface PlantedLetter {
  readonly event: CallEvent;
  /** Default `e.` and the event's id, which is right for ids that need no escapes. */
  readonly jobId?: string;
  readonly reason: string;
  readonly status: number;
  readonly excerpt: string;
  /** Unix ms, of enqueueing and of death. */
  readonly atMs: number;
}

const CHUNK = 1_000;

/**
 * Dead letters of a channel, or of a shard of it, written into Redis as a worker leaves them: tens of thousands would take
 * longer to die one by one than the test that needs them.
 */
export async function writeDeadLetters(
  redis: Redis,
  letters: readonly PlantedLetter[],
  home = 'default',
): Promise<void> {
  for (let start = 0; start < letters.length; start += CHUNK) {
    const pipeline = redis.pipeline();
    for (const letter of letters.slice(start, start + CHUNK)) {
      const { jobId = `e.${letter.event.id}` } = letter;
      pipeline.hset(`bull:{voice-${home}}:${jobId}`, fieldsOf(letter));
      pipeline.zadd(`bull:{voice-${home}}:failed`, letter.atMs, jobId);
    }
    await pipeline.exec();
  }
}

function fieldsOf({ event, reason, status, excerpt, atMs }: PlantedLetter): Record<string, string | number> {
  const record = {
    attempt: 1,
    atMs,
    durationMs: 80,
    worker: 'host:1',
    outcome: 'dead',
    reason,
    status,
    excerpt,
  };
  return {
    name: 'call-event',
    data: JSON.stringify(event),
    opts: JSON.stringify({ de: { id: `e.${event.id}`, ttl: 3_600_000 }, attempts: 0 }),
    timestamp: atMs,
    delay: 0,
    priority: 0,
    finishedOn: atMs,
    failedReason: `${reason}: HTTP ${status} ${excerpt}`,
    stacktrace: JSON.stringify([JSON.stringify(record)]),
    atm: 1,
    ats: 1,
  };
}
