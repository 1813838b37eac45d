import type { AuditEntry } from '@callpost/queue';
import { filterWords } from '../letters/filter-words.js';
import type { Column } from '../output/table.js';
import { countText, momentText } from '../output/words.js';

/** The columns of `audit`: who did what to how many is never left out. */
export const AUDIT_COLUMNS: readonly Column<AuditEntry>[] = [
  { header: 'WHEN', text: ({ atMs }) => momentText(atMs) },
  { header: 'WHO', text: ({ who }) => who },
  { header: 'VIA', text: ({ via }) => via, leaveOut: 3 },
  { header: 'ACTION', text: ({ action }) => action },
  { header: 'CHANNEL', text: ({ channel }) => channel, leaveOut: 1 },
  { header: 'COUNTS', text: ({ counts }) => countsText(counts) || '-' },
  { header: 'FILTER', text: ({ filter }) => filterWords(filter) || '-', leaveOut: 2 },
  { header: 'RUN', text: ({ runId }) => runId ?? '-', leaveOut: 4 },
  { header: 'COMMENT', text: ({ comment }) => comment ?? '-' },
];

/** `discarded 4,200, no longer dead 11`: without zeros, but for the first. */
function countsText(counts: AuditEntry['counts']): string {
  return Object.entries(counts)
    .filter(([, count], index) => index === 0 || count > 0)
    .map(([name, count]) => `${WORDS[name] ?? name} ${countText(count)}`)
    .join(', ');
}

const WORDS: Readonly<Record<string, string>> = {
  notDead: 'no longer dead',
  waiting: 'not sent',
  sent: 'on their way',
  deadAgain: 'dead again',
  not_dead: 'no longer dead',
  changed: 'changed meanwhile',
  invalid_patch: 'invalid when patched',
  call_conflict: 'after one dead again',
  newer_delivered: 'after newer ones',
  maxPerSecond: 'per second',
  maxPerSecondBefore: 'before',
};
