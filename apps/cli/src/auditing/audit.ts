import { type AuditEntry, type RedisConnection, recordAudit } from '@callpost/queue';
import type { Context } from '../context.js';
import { isEmptyFilter } from '../letters/filter-options.js';

/** What a command adds to the audit trail; who, when and via what is known without it. */
export type Audited = Omit<AuditEntry, 'atMs' | 'who' | 'via' | 'channel' | 'counts'>;

/** One entry for each channel, so that the trail of a channel is complete. */
export async function audit(
  redis: RedisConnection,
  { who, now }: Context,
  { filter, ...audited }: Audited,
  countsOfChannel: ReadonlyMap<string, AuditEntry['counts']>,
): Promise<void> {
  for (const [channel, counts] of countsOfChannel) {
    const meant = audited.action !== 'reindex' && isEmptyFilter(filter) ? { all: true } : filter;
    await recordAudit(redis, { ...audited, atMs: now(), who, via: 'cli', channel, filter: meant, counts });
  }
}
