import { type AttemptRecord, DEFAULT_CHANNEL, REASONS } from '@callpost/domain';
import type { DeadLetter } from '@callpost/queue';
import type { Drawing } from '../output/form.js';
import { type Column, pairsText, tableText } from '../output/table.js';
import { visibleJson } from '../output/visible.js';
import { ageText, counted, countText, momentText, tookText } from '../output/words.js';
import { callText } from './letter-document.js';
import { letterView, reasonText } from './letter-view.js';
import { livesOf } from './lives.js';
import { shellWordOf } from './shell-word.js';

export interface ShownLetter {
  readonly letter: DeadLetter;
  /** As it is to be shown. */
  readonly event: unknown;
  readonly isMasked: boolean;
}

/** A dead letter on one page: why it died, how it got there, what was to be sent, and what to type next. */
export function letterText(
  { letter, event, isMasked }: ShownLetter,
  nowMs: number,
  drawing: Drawing,
): string {
  const title = (text: string) => `\n${drawing.paint('bold', text)}\n`;
  return [
    pairsText(factsOf(letter, nowMs), drawing),
    title(historyTitle(letter)),
    ...livesOf(letter).flatMap(({ when, attempts }) => [
      letter.replays === 0
        ? ''
        : `${drawing.paint('dim', `${counted(attempts.length, 'attempt')} ${when}:`)}\n`,
      tableText(ATTEMPT_COLUMNS, attempts, drawing),
    ]),
    title(isMasked ? 'Event (masked; --reveal shows it whole)' : 'Event'),
    `${visibleJson(event, 2)}\n`,
    title('Next'),
    `  ${replayCommand(letter)}\n`,
    `  callpost dlq list --cause ${letter.cause.id}\n`,
  ].join('');
}

function factsOf(letter: DeadLetter, nowMs: number): Array<readonly [string, string]> {
  const view = letterView(letter);
  const { lastReason } = view;
  const editedAtMs = letter.editedAtMs.at(-1);
  const moment = (atMs: number) => `${momentText(atMs)} (${ageText(nowMs - atMs)} ago)`;
  return [
    ['event id', view.eventId ?? 'none that can be read'],
    ...(view.eventId === null ? [['job id', view.jobId] as const] : []),
    ['channel', view.channel],
    ['reason', reasonText(view)],
    ['', REASONS[letter.reason]],
    ...(lastReason === null ? [] : [['', `${lastReason}: ${REASONS[lastReason]}`] as const]),
    ['cause', view.cause],
    ['call', callText(letter) ?? 'none that can be read'],
    ['died', moment(view.diedAtMs)],
    ['enqueued', moment(view.enqueuedAtMs)],
    [
      'attempts',
      `${countText(view.attempts)} since ${view.replays === 0 ? 'it was enqueued' : 'the last replay'}`,
    ],
    ['replays', countText(view.replays)],
    ...(editedAtMs === undefined ? [] : [['edited', moment(editedAtMs)] as const]),
    ['delivered?', view.possiblyDelivered ? MAYBE_DELIVERED : 'no'],
    ['customer', view.customerPhone ?? 'none that can be read'],
    ['HTTP status', String(view.status ?? 'none')],
    ['response', view.response ?? 'none'],
  ];
}

const MAYBE_DELIVERED =
  'maybe: an attempt broke off after the request had begun to be written, or its worker died. Look in Re:amaze before a replay.';

/** The oldest records are forgotten first; those of before a replay stay. */
function historyTitle({ attempts }: DeadLetter): string {
  const [oldest] = attempts;
  if (oldest === undefined) return 'No attempt left a record';
  const isCut = oldest.attempt > 1;
  return isCut ? `The last ${counted(attempts.length, 'attempt')}` : counted(attempts.length, 'attempt');
}

const ATTEMPT_COLUMNS: readonly Column<AttemptRecord>[] = [
  { header: '#', align: 'right', text: (record) => countText(record.attempt) },
  { header: 'STARTED', text: (record) => momentText(record.atMs) },
  { header: 'TOOK', align: 'right', text: (record) => tookText(record.durationMs) },
  { header: 'OUTCOME', text: (record) => record.outcome, leaveOut: 2 },
  { header: 'REASON', text: (record) => record.reason },
  { header: 'STATUS', text: (record) => String(record.status ?? record.code ?? '-') },
  {
    header: 'DELIVERED',
    text: (record) => (record.possiblyDelivered ? 'maybe' : 'no'),
    leaveOut: 1,
  },
  { header: 'WORKER', text: (record) => record.worker },
];

function replayCommand(letter: DeadLetter): string {
  const channel = letter.channel === DEFAULT_CHANNEL ? '' : ` --channel ${letter.channel}`;
  return `callpost replay start --id ${shellWordOf(letter)}${channel}`;
}
