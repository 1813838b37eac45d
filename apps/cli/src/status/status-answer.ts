import { NO_CHANNEL } from '../braking/channels-answer.js';
import type { Answer } from '../output/form.js';
import type { Colour } from '../output/paint.js';
import { type Column, tableText } from '../output/table.js';
import { ageText, countText } from '../output/words.js';
import { type StatusRow, totalRow } from './status-row.js';

/** A total is added when there is more than one channel to add up. */
export function statusAnswer(rows: readonly StatusRow[]): Answer {
  const total = rows.length > 1 ? totalRow(rows) : null;
  const shown = total === null ? rows : [...rows, total];
  return {
    table: (drawing) => (rows.length === 0 ? NO_CHANNEL : tableText(COLUMNS, shown, drawing)),
    json: { channels: rows, total },
    ndjson: rows,
  };
}

/** An event that waits longer than this is one somebody should look at; the alert on it has the same limit. */
const LATE_MS = 5 * 60_000;

const COLUMNS: readonly Column<StatusRow>[] = [
  { header: 'CHANNEL', text: (row) => row.channel },
  {
    header: 'STATE',
    text: (row) => row.state ?? '-',
    colour: (row) => redIf(row.state !== null && row.state !== 'flowing'),
  },
  count('WAITING', (row) => row.waiting),
  { ...count('IN FLIGHT', (row) => row.inFlight), leaveOut: 2 },
  { ...count('RETRYING', (row) => row.retrying), leaveOut: 1 },
  { ...count('PARKED', (row) => row.parked), leaveOut: 4 },
  { ...count('DEAD', (row) => row.dead), colour: (row) => redIf(row.dead > 0) },
  {
    ...age('OLDEST WAIT', (row) => row.oldestWaitingAgeMs),
    colour: (row) => redIf((row.oldestWaitingAgeMs ?? 0) > LATE_MS),
  },
  { ...age('OLDEST DEAD', (row) => row.oldestDeadAgeMs), leaveOut: 3 },
];

function count(header: string, of: (row: StatusRow) => number): Column<StatusRow> {
  return { header, align: 'right', text: (row) => countText(of(row)) };
}

function age(header: string, of: (row: StatusRow) => number | null): Column<StatusRow> {
  const text = (ageMs: number | null) => (ageMs === null ? '-' : ageText(ageMs));
  return { header, align: 'right', text: (row) => text(of(row)) };
}

function redIf(isBad: boolean): Colour | null {
  return isBad ? 'red' : null;
}
