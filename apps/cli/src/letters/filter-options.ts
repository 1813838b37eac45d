import { isReason, REASONS, type Reason } from '@callpost/domain';
import type { DeadLetterFilter } from '@callpost/queue';
import type { Command } from 'commander';
import { MOMENT_ALLOWED, parseMoment } from '../args/moment.js';
import { argumentOf, oneOf, wholeNumber } from '../args/value.js';
import { UsageError } from '../errors.js';
import { momentText } from '../output/words.js';

/** What the options of {@link addFilterOptions} are parsed to. */
export interface FilterOptions {
  readonly id?: readonly string[];
  readonly reason?: Reason;
  readonly status?: number;
  readonly cause?: string;
  readonly thread?: string;
  /** Unix ms. */
  readonly since?: number;
  /** Unix ms. */
  readonly until?: number;
  readonly match?: string;
  readonly replayed?: 'never' | 'any';
  readonly possiblyDelivered?: boolean;
}

/** The options that choose dead letters: the same for every command, so that what was listed is what is replayed. */
export function addFilterOptions(command: Command, now: () => number): Command {
  const nowMs = now();
  const moment = argumentOf((text) => parseMoment(text, nowMs), MOMENT_ALLOWED);
  return command
    .option('--id <id...>', 'only letters with these event ids, or job ids; may be repeated', oneMoreId)
    .option('--reason <reason>', 'only letters that died of this, such as http_422', reason)
    .option(
      '--status <code>',
      'only letters whose last attempt got this HTTP status',
      wholeNumber({ min: 100, max: 599 }),
    )
    .option('--cause <id>', 'only letters of this cause: callpost dlq causes', causeId)
    .option('--thread <id>', 'only letters of the call with this thread_id', someText)
    .option('--since <when>', 'only letters that died since: 2h, 3d, or ISO 8601 with a zone', moment)
    .option('--until <when>', 'only letters that died until then, likewise', moment)
    .option(
      '--match <text>',
      'only letters of causes with this text in their RESPONSE, in any case',
      someText,
    )
    .option('--replayed <how-often>', 'never, or any: died again after a replay', oneOf(['never', 'any']))
    .option('--possibly-delivered <yes|no>', 'whether Re:amaze may have got the event all the same', yesOrNo);
}

/** @throws UsageError when no moment can be in it */
export function filterOf(options: FilterOptions): DeadLetterFilter {
  const { id, reason, status, cause, thread, since, until, match, replayed, possiblyDelivered } = options;
  if (since !== undefined && until !== undefined && since > until) {
    throw new UsageError({
      field: '--since',
      found: `${momentText(since)}, later than --until`,
      allowed: `a moment up to ${momentText(until)}`,
    });
  }
  return {
    ...(id && { ids: [...new Set(id)] }),
    ...(reason && { reason }),
    ...(status && { status }),
    ...(cause && { causeId: cause }),
    ...(thread && { thread }),
    ...(since === undefined ? {} : { sinceMs: since }),
    ...(until === undefined ? {} : { untilMs: until }),
    ...(match && { match }),
    ...(replayed && { replayed }),
    ...(possiblyDelivered === undefined ? {} : { possiblyDelivered }),
  };
}

export function isEmptyFilter(filter: object): boolean {
  return Object.keys(filter).length === 0;
}

/** An empty text would fit every letter, or none: most often a shell variable that is not set. */
const someText = argumentOf((text) => (text.trim() === '' ? null : text), 'text that is not blank');

function oneMoreId(text: string, before: readonly string[] = []): string[] {
  return [...before, someText(text)];
}

const reason = argumentOf((text) => (isReason(text) ? text : null), Object.keys(REASONS).join(', '));

const causeId = argumentOf((text) => {
  const [, ofReason = ''] = /^(\w+)\.[0-9a-z]+$/.exec(text) ?? [];
  return isReason(ofReason) ? text : null;
}, 'an id that callpost dlq causes shows, such as http_422.35wckeasdgsu9');

const yesOrNo = argumentOf((text) => (text === 'yes' || text === 'no' ? text === 'yes' : null), 'yes, no');
