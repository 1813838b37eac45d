import type { Fault } from './fault.js';
import { violationText } from './ledger/check.js';
import { isKept, type RunReport } from './run-faults.js';

const SHOWN = 10;

/** One run for the terminal; what was wrong with it beneath. */
export function lineOf(name: string, report: RunReport): string {
  const { acknowledged, accepted, dead, duplicates, duplicatesAllowed, lostAsAnnounced, tookMs } = report;
  const facts = [
    `${acknowledged} acknowledged`,
    `${accepted} accepted`,
    `${dead} dead`,
    `${duplicates} repeated (allowed: ${duplicatesAllowed})`,
    ...(lostAsAnnounced > 0 ? [`${lostAsAnnounced} lost as announced`] : []),
    `${(tookMs / 1_000).toFixed(1)} s`,
  ];
  const wrong = [...report.troubles, ...report.violations.map(violationText)];
  const shown = wrong.slice(0, SHOWN).map((text) => `    ${text}\n`);
  const more = wrong.length > SHOWN ? [`    and ${wrong.length - SHOWN} more\n`] : [];
  return [`${isKept(report) ? 'kept  ' : 'BROKEN'}  ${name}: ${facts.join(', ')}\n`, ...shown, ...more].join(
    '',
  );
}

interface Figure {
  readonly fault: Fault | null;
  times: number;
  acknowledged: number;
  lost: number;
  lostAsAnnounced: number;
  inversions: number;
  duplicates: number;
  duplicatesAllowed: number;
  longestDrainMs: number;
}

export interface Figures {
  add(faults: readonly Fault[], report: RunReport, how: 'alone' | 'mixed'): void;
  /** By fault alone, in order; then `null` for all mixes together. */
  rows(): readonly Figure[];
  /** How often each fault was part of a mix. */
  mixed(): ReadonlyMap<string, number>;
}

/** Adds up what came of many runs. */
export function createFigures(): Figures {
  const rows = new Map<string | null, Figure>();
  const mixed = new Map<string, number>();
  return {
    add(faults, report, how) {
      const fault = how === 'alone' ? (faults[0] ?? null) : null;
      const row = rows.get(fault?.name ?? null) ?? newFigure(fault);
      rows.set(fault?.name ?? null, row);
      row.times += 1;
      row.acknowledged += report.acknowledged;
      row.lost += report.violations.filter(({ kind }) => kind === 'lost').length;
      row.lostAsAnnounced += report.lostAsAnnounced;
      row.inversions += report.inversions;
      row.duplicates += report.duplicates;
      row.duplicatesAllowed += report.duplicatesAllowed;
      row.longestDrainMs = Math.max(row.longestDrainMs, report.drainedAfterMs);
      if (how === 'mixed') for (const { name } of faults) mixed.set(name, (mixed.get(name) ?? 0) + 1);
    },
    rows: () => [...rows.values()],
    mixed: () => mixed,
  };
}

function newFigure(fault: Fault | null): Figure {
  return {
    fault,
    times: 0,
    acknowledged: 0,
    lost: 0,
    lostAsAnnounced: 0,
    inversions: 0,
    duplicates: 0,
    duplicatesAllowed: 0,
    longestDrainMs: 0,
  };
}

/** The figures as a Markdown table, each row with the command that makes it. */
export function tableOf(figures: Figures, { seed, minutes }: { seed: number; minutes: number }): string {
  const mixed = figures.mixed();
  const rows = figures.rows().map((row) => {
    const { fault } = row;
    const cells = [
      fault === null ? `**mixed at random**, ${row.times} rounds of 4 to 9 faults` : fault.does,
      row.acknowledged,
      row.lost + row.lostAsAnnounced,
      row.inversions,
      `${row.duplicates} of ${row.duplicatesAllowed}`,
      `${(row.longestDrainMs / 1_000).toFixed(1)} s`,
      fault === null ? '' : (mixed.get(fault.name) ?? 0),
      fault === null ? `\`--minutes ${Math.round(minutes)} --seed ${seed}\`` : `\`--only ${fault.name}\``,
    ];
    return `| ${cells.join(' | ')} |\n`;
  });
  return [
    '| what was broken | acknowledged | lost | out of order | repeated, of allowed | settled after | times in a mix | `npm run faults --` |\n',
    '|---|---|---|---|---|---|---|---|\n',
    ...rows,
  ].join('');
}
