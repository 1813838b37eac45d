import { maskText } from '@callpost/domain';
import type { AuditEntry } from '@callpost/queue';

/**
 * An entry of the audit trail as a log line has it. `at` is when it was done, which may be long before it is logged. What
 * a person typed is masked: numbers and addresses do not belong into a log, and a comment may have them all the same.
 */
export function auditFields({ atMs, who, via, action, channel, filter, counts, comment, runId }: AuditEntry) {
  const { match } = filter;
  return {
    at: new Date(atMs).toISOString(),
    who,
    via,
    action,
    channel,
    filter: typeof match === 'string' ? { ...filter, match: maskText(match) } : filter,
    counts,
    comment: comment === null ? null : maskText(comment),
    ...(runId === undefined ? {} : { run: runId }),
  };
}
