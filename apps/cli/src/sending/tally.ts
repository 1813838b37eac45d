import { EVENT_WARNINGS, type EventWarning, warningsOf } from '@callpost/domain';
import type { FirstEventState } from '@callpost/queue';
import { countText } from '../output/words.js';
import type { AnsweredLine, LineAnswer } from './answer-lines.js';

/** What became of the lines so far. */
export class Tally {
  readonly byStatus: Record<LineAnswer['status'], number> = {
    accepted: 0,
    valid: 0,
    duplicate: 0,
    invalid: 0,
  };
  /** Duplicates by where their first event is. */
  readonly duplicates = new Map<FirstEventState, number>();
  readonly warnings = new Map<EventWarning, number>();
  /** Every line up to this one has its answer; 0 at first. */
  upToLine = 0;

  add({ answer, event }: AnsweredLine): void {
    this.byStatus[answer.status] += 1;
    if (answer.status === 'duplicate') increase(this.duplicates, answer.first);
    for (const warning of event === null ? [] : warningsOf(event)) increase(this.warnings, warning);
    this.upToLine = answer.line;
  }

  json() {
    const { accepted, valid, duplicate, invalid } = this.byStatus;
    return {
      accepted,
      valid,
      duplicates: duplicate,
      duplicatesByState: Object.fromEntries(this.duplicates),
      refused: invalid,
      warnings: Object.fromEntries(this.warnings),
      upToLine: this.upToLine,
    };
  }

  /** Names and numbers, for a person. */
  rows(isDryRun: boolean): ReadonlyArray<readonly [string, string]> {
    const { accepted, valid, duplicate, invalid } = this.byStatus;
    const states = [...this.duplicates].map(([state, count]) => `${countText(count)} ${STATE_WORDS[state]}`);
    const sent = [
      ['accepted', countText(accepted)],
      ['duplicates', `${countText(duplicate)}${states.length === 0 ? '' : ` (${states.join(', ')})`}`],
    ] as const;
    return [
      ...(isDryRun ? ([['valid', countText(valid)]] as const) : sent),
      ['refused', countText(invalid)],
      ...[...this.warnings].map(([warning, count]) => ['warning', warningText(warning, count)] as const),
    ];
  }
}

const STATE_WORDS: Readonly<Record<FirstEventState, string>> = {
  waiting: 'waiting',
  in_flight: 'in flight',
  retrying: 'retrying',
  parked: 'parked',
  dead: 'dead',
  delivered: 'delivered',
};

function warningText(warning: EventWarning, count: number): string {
  return `${countText(count)} × ${EVENT_WARNINGS[warning]}`;
}

function increase<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
