import type { Column } from '../output/table.js';
import { countText, momentText } from '../output/words.js';
import { type RunView, skippedOf } from './run-view.js';
import { STATE_WORDS } from './run-words.js';

/** The columns of `replay list`. An id is never left out: it is what the next command needs. */
export const RUN_COLUMNS: readonly Column<RunView>[] = [
  { header: 'RUN', text: ({ run }) => run.id },
  { header: 'CHANNEL', text: ({ run }) => run.channel, leaveOut: 2 },
  {
    header: 'STATE',
    text: ({ run }) => STATE_WORDS[run.state],
    colour: ({ run }) => (run.state === 'stopped_by_canary' ? 'red' : null),
  },
  count('LETTERS', ({ report }) => report.planned),
  count('DELIVERED', ({ report }) => report.delivered),
  { ...count('DEAD AGAIN', ({ report }) => report.deadAgain), colour: redIfDead },
  { ...count('SKIPPED', skippedOf), leaveOut: 1 },
  { header: 'WHO', text: ({ run }) => run.who, leaveOut: 3 },
  { header: 'WHEN', text: ({ run }) => momentText(run.startedAtMs ?? run.plannedAtMs), leaveOut: 5 },
  { header: 'COMMENT', text: ({ run }) => run.comment ?? '-', leaveOut: 4 },
];

function count(header: string, of: (view: RunView) => number): Column<RunView> {
  return { header, align: 'right', text: (view) => countText(of(view)) };
}

function redIfDead({ report }: RunView) {
  return report.deadAgain > 0 ? ('red' as const) : null;
}
