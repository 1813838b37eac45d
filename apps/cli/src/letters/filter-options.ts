import { isReason, REASONS, type Reason } from '@callpost/domain';
import type { DeadLetterFilter } from '@callpost/queue';
import type { Command } from 'commander';
import { MOMENT_ALLOWED, parseMoment } from '../args/moment.js';
import { argumentOf, wholeNumber } from '../args/value.js';
import { UsageError } from '../errors.js';
import { momentText } from '../output/words.js';

/** What the options of {@link addFilterOptions} are parsed to. */
export interface FilterOptions {
  readonly reason?: Reason;
  readonly status?: number;
  /** Unix ms. */
  readonly since?: number;
  /** Unix ms. */
  readonly until?: number;
}

/** The options that choose dead letters: the same for every command, so that what was listed is what is replayed. */
export function addFilterOptions(command: Command, now: () => number): Command {
  const reason = argumentOf((text) => (isReason(text) ? text : null), Object.keys(REASONS).join(', '));
  const moment = argumentOf((text) => parseMoment(text, now()), MOMENT_ALLOWED);
  return command
    .option('--reason <reason>', 'only letters that died of this, such as http_422', reason)
    .option(
      '--status <code>',
      'only letters whose last attempt got this HTTP status',
      wholeNumber({ min: 100, max: 599 }),
    )
    .option('--since <when>', 'only letters that died since: 2h, 3d, or ISO 8601 with a zone', moment)
    .option('--until <when>', 'only letters that died until then, likewise', moment);
}

/** @throws UsageError when no moment can be in it */
export function filterOf({ reason, status, since, until }: FilterOptions): DeadLetterFilter {
  if (since !== undefined && until !== undefined && since > until) {
    throw new UsageError({
      field: '--since',
      found: `${momentText(since)}, later than --until`,
      allowed: `a moment up to ${momentText(until)}`,
    });
  }
  return {
    ...(reason === undefined ? {} : { reason }),
    ...(status === undefined ? {} : { status }),
    ...(since === undefined ? {} : { sinceMs: since }),
    ...(until === undefined ? {} : { untilMs: until }),
  };
}

export function isEmptyFilter(filter: DeadLetterFilter): boolean {
  return Object.keys(filter).length === 0;
}

/** ` with reason http_422, died since 2026-11-23T02:00:00Z`; empty for the empty filter. */
export function filterText({ reason, status, sinceMs, untilMs }: DeadLetterFilter): string {
  const parts = [
    reason && `reason ${reason}`,
    status && `HTTP status ${status}`,
    sinceMs !== undefined && `died since ${momentText(sinceMs)}`,
    untilMs !== undefined && `died until ${momentText(untilMs)}`,
  ].filter(Boolean);
  return parts.length === 0 ? '' : ` with ${parts.join(', ')}`;
}
