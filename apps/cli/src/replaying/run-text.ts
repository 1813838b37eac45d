import { type ReplayRun, SKIP_REASONS, type SkipReason } from '@callpost/queue';
import { filterWords } from '../letters/filter-words.js';
import type { Drawing } from '../output/form.js';
import { type Pair, pairsText } from '../output/table.js';
import { ageText, counted, countText, momentText, tookText } from '../output/words.js';
import { fieldsOf } from './event-diff.js';
import { nextCommands } from './next-commands.js';
import type { RunView } from './run-view.js';
import { skippedOf } from './run-view.js';
import { CONFLICT_WORDS, nextText, rateText, STATE_WORDS } from './run-words.js';

type Facts = Array<readonly [name: string, text: string]>;

/** A run on one page: what it is, how far it got, and what to type next. */
export function runText(
  view: RunView,
  nowMs: number,
  drawing: Drawing,
  warnings: readonly Pair[] = [],
): string {
  const title = drawing.paint('bold', `\n${counted(view.report.planned, 'dead letter')}\n`);
  return [
    pairsText([...runFacts(view.run, nowMs), ...warnings], drawing),
    title,
    pairsText(reportFacts(view), drawing),
    nextText(nextCommands(view), drawing),
  ].join('');
}

/** How a run ended, or how far it got. */
export function reportText(view: RunView, nowMs: number, drawing: Drawing): string {
  const { run, report } = view;
  return [
    pairsText(
      [
        ['run', run.id],
        ['channel', run.channel],
        ['state', stateText(run, nowMs)],
        ['dead letters', countText(report.planned)],
        ...reportFacts(view),
      ],
      drawing,
    ),
    nextText(nextCommands(view), drawing),
  ].join('');
}

export function runFacts(run: ReplayRun, nowMs: number): Facts {
  const { id, channel, who, comment, filter, patch, onCallConflict, canary, maxPerSecond } = run;
  const moment = (atMs: number) => `${momentText(atMs)} (${ageText(nowMs - atMs)} ago)`;
  const fact = (name: string, atMs: number | null): Facts => (atMs === null ? [] : [[name, moment(atMs)]]);
  return [
    ['run', id],
    ['channel', channel],
    ['state', stateText(run, nowMs)],
    ['planned', `${moment(run.plannedAtMs)} by ${who}`],
    ...fact('started', run.startedAtMs),
    ...fact('ended', run.endedAtMs),
    ['comment', comment ?? '-'],
    ['filter', filterWords(filter) || 'all'],
    ['rate', `at most ${rateText(maxPerSecond)}`],
    [
      'canary',
      canary === 0 ? 'none' : `the first ${countText(canary)}${run.isCanaryPassed ? ', passed' : ''}`,
    ],
    ['call conflict', CONFLICT_WORDS[onCallConflict]],
    ...(patch === null ? [] : [['patch', `changes ${[...fieldsOf(patch).keys()].join(', ')}`] as const]),
  ];
}

function stateText({ state, startedAtMs, endedAtMs }: ReplayRun, nowMs: number): string {
  const words = STATE_WORDS[state];
  if (startedAtMs === null) return words;
  if (state === 'running') return `${words} for ${tookText(nowMs - startedAtMs)}`;
  return endedAtMs === null ? words : `${words} after ${tookText(endedAtMs - startedAtMs)}`;
}

function reportFacts(view: RunView): Facts {
  const { report } = view;
  const skips = Object.entries(report.skipped).filter(([, count]) => count > 0);
  const count = (name: string, value: number): Facts => (value === 0 ? [] : [[name, countText(value)]]);
  return [
    ...count(view.run.state === 'cancelled' ? 'left dead' : 'not sent yet', report.waiting),
    ...count('on their way', report.sent),
    ['delivered', countText(report.delivered)],
    ['dead again', countText(report.deadAgain)],
    ['skipped', countText(skippedOf(view))],
    ...skips.map(
      ([why, skipped]) => ['', `${countText(skipped)}: ${SKIP_REASONS[why as SkipReason]}`] as const,
    ),
  ];
}
