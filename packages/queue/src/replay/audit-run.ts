import { type Actor, type AuditAction, recordAudit } from '../audit.js';
import type { RedisConnection } from '../redis.js';
import type { ReplayRun } from './run.js';

/** Tells the audit trail what was done to a run; where nobody says why, the comment is that of the plan. */
export async function auditRun(
  redis: RedisConnection,
  { id: runId, channel, filter, comment }: ReplayRun,
  what: { action: AuditAction; by: Actor; nowMs: number; counts: Readonly<Record<string, number>> },
): Promise<void> {
  const { action, by, nowMs: atMs, counts } = what;
  const entry = { ...by, comment: by.comment ?? comment, atMs, action, channel, filter, counts, runId };
  await recordAudit(redis, entry);
}
