import type { Drawing } from '../output/form.js';
import { type Column, tableText } from '../output/table.js';
import { ageText, counted, countText } from '../output/words.js';
import type { CauseView } from './cause-view.js';

/** The causes on one page: `4,211 dead letters, 3 causes`, each in a line, and what to type next. */
export function causesText(
  causes: readonly CauseView[],
  { nowMs, hasChannels }: { nowMs: number; hasChannels: boolean },
  drawing: Drawing,
): string {
  const letters = causes.reduce((sum, { count }) => sum + count, 0);
  return [
    `${drawing.paint('bold', `${counted(letters, 'dead letter')}, ${counted(causes.length, 'cause')}`)}\n\n`,
    tableText(causeColumns(nowMs, hasChannels), causes, drawing),
    `\n${drawing.paint('bold', 'Next')}\n`,
    ...causes
      .slice(0, 1)
      .flatMap(({ cause }) => [
        `  callpost dlq list --cause ${cause}\n`,
        `  callpost replay start --cause ${cause} --dry-run\n`,
      ]),
  ].join('');
}

/** The cause itself is never left out: it is what the next command needs. */
function causeColumns(nowMs: number, hasChannels: boolean): Column<CauseView>[] {
  const age = (atMs: number) => ageText(nowMs - atMs);
  const channels: Column<CauseView> = {
    header: 'CHANNELS',
    text: (cause) => cause.channels.join(', '),
    leaveOut: 3,
  };
  return [
    { header: 'LETTERS', align: 'right', text: ({ count }) => countText(count) },
    { header: 'CAUSE', text: ({ cause }) => cause },
    { header: 'REASON', text: ({ reason }) => reason, colour: () => 'red', leaveOut: 5 },
    ...(hasChannels ? [channels] : []),
    { header: 'OLDEST', align: 'right', text: ({ oldestAtMs }) => age(oldestAtMs), leaveOut: 2 },
    { header: 'NEWEST', align: 'right', text: ({ newestAtMs }) => age(newestAtMs), leaveOut: 1 },
    { header: 'NEWEST ID', text: ({ newestId }) => newestId, leaveOut: 4 },
    { header: 'RESPONSE', text: ({ template }) => template || '-' },
  ];
}
