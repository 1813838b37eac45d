import type { RedisConnection } from './redis.js';

/** What a person did to dead letters or to a channel. Personal data is in none of it but `who`. */
export interface AuditEntry {
  /** Unix ms. */
  readonly atMs: number;
  /** The person: operating system user, or whom they act for. */
  readonly who: string;
  /** Through what: `cli`, later the API or the console. */
  readonly via: string;
  readonly action:
    | 'replay'
    | 'replay_ended'
    | 'discard'
    | 'reveal'
    | 'export'
    | 'reindex'
    | 'channel_pause'
    | 'channel_resume'
    | 'channel_release';
  readonly channel: string;
  /** Which letters were meant: the filter with absolute times; empty where it is about a channel. */
  readonly filter: Readonly<Record<string, unknown>>;
  /** How many letters came to which end, such as `{ replayed: 4211 }`. */
  readonly counts: Readonly<Record<string, number>>;
  readonly comment: string | null;
  /** Of a replay run. */
  readonly runId?: string;
}

const AUDIT_KEY = 'callpost:audit';

/** Appends to the audit trail, a Redis stream that nothing in Callpost ever trims. */
export async function recordAudit(redis: RedisConnection, entry: AuditEntry): Promise<void> {
  await redis.xadd(AUDIT_KEY, '*', 'entry', JSON.stringify(entry));
}

/** The newest entries, newest first. */
export async function readAudit(redis: RedisConnection, limit: number): Promise<AuditEntry[]> {
  const rows = await redis.xrevrange(AUDIT_KEY, '+', '-', 'COUNT', limit);
  return rows.map(([, [, text]]) => JSON.parse(text ?? '') as AuditEntry);
}
