import type { Drawing } from '../output/form.js';
import { type Column, pairsText, tableText } from '../output/table.js';
import { type Check, VERDICTS } from './check.js';

const COLUMNS: readonly Column<Check>[] = [
  { header: 'CHECK', text: ({ check }) => check },
  { header: 'VERDICT', text: ({ verdict }) => verdict, colour: ({ verdict }) => VERDICTS[verdict].colour },
  { header: 'FOUND', text: ({ found }) => found },
  { header: 'WANTED', text: ({ wanted }) => wanted, leaveOut: 1 },
];

/** The checks, and below them what to do about each that is not ok. */
export function checksText(checks: readonly Check[], drawing: Drawing): string {
  const advice = checks.flatMap(({ check, advice }) => (advice === null ? [] : [[check, advice] as const]));
  const table = tableText(COLUMNS, checks, drawing);
  return advice.length === 0 ? table : `${table}\n${pairsText(advice, drawing)}`;
}
