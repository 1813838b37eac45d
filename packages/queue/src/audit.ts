import type { RedisConnection } from './redis.js';

/** Who does something, and through what. */
export interface Actor {
  /** The person: operating system user, or whom they act for. */
  readonly who: string;
  /** `cli`, `worker`, later the API or the console. */
  readonly via: string;
  /** Why, in their words. */
  readonly comment: string | null;
}

/**
 * What can be done to dead letters and channels. `replay_ended`: by itself; `replay_stopped`: by its canary; `drop`:
 * because of their age.
 */
export type AuditAction =
  | 'replay_start'
  | 'replay_pause'
  | 'replay_resume'
  | 'replay_rate'
  | 'replay_cancel'
  | 'replay_ended'
  | 'replay_stopped'
  | 'discard'
  | 'drop'
  | 'reveal'
  | 'export'
  | 'reindex'
  | 'channel_pause'
  | 'channel_resume'
  | 'channel_release';

/** What somebody did to dead letters or to a channel. Personal data is in none of it but `who`. */
export interface AuditEntry extends Actor {
  /** Unix ms. */
  readonly atMs: number;
  readonly action: AuditAction;
  readonly channel: string;
  /** Which letters were meant: the filter with absolute times; empty where it is about a channel. */
  readonly filter: Readonly<Record<string, unknown>>;
  /** How many letters came to which end, such as `{ delivered: 4211 }`; for `replay_rate` the rates. */
  readonly counts: Readonly<Record<string, number>>;
  /** Of a replay run. */
  readonly runId?: string;
}

export const AUDIT_KEY = 'callpost:audit';

/** Appends to the audit trail, a Redis stream that nothing in Callpost ever trims. */
export async function recordAudit(redis: RedisConnection, entry: AuditEntry): Promise<void> {
  await redis.xadd(AUDIT_KEY, '*', 'entry', JSON.stringify(entry));
}

/** The newest entries, newest first. */
export async function readAudit(redis: RedisConnection, limit: number): Promise<AuditEntry[]> {
  const rows = await redis.xrevrange(AUDIT_KEY, '+', '-', 'COUNT', limit);
  return rows.flatMap(([, fields]) => entryOfFields(fields) ?? []);
}

/** Null for what another program has written into the stream. */
export function entryOfFields([, text]: readonly string[]): AuditEntry | null {
  try {
    return JSON.parse(text ?? '') as AuditEntry;
  } catch {
    return null;
  }
}
