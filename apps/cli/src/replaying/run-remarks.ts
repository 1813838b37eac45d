import { countText } from '../output/words.js';
import { isAtEnd, type RunView, settledOf, skippedOf } from './run-view.js';

/** A worker looks for runs every second, so after this time there is none. A slow rate takes longer by itself. */
const QUIET_MS = 10_000;
const LETTERS_OF_QUIET = 2;

interface Followed {
  readonly movedAtMs: number;
  readonly form: string;
  readonly state: string;
  readonly isTold: boolean;
  readonly isSkipTold: boolean;
}

/** What a person who follows runs should be told, each once. */
export function createRemarks(): (view: RunView, nowMs: number) => string[] {
  const followed = new Map<string, Followed>();
  return (view, nowMs) => {
    const { run, report } = view;
    const { id, state } = run;
    const form = JSON.stringify([state, report]);
    const before = followed.get(id);
    const movedAtMs = before?.form === form ? before.movedAtMs : nowMs;
    const isPausedNow = state === 'paused' && before?.state !== 'paused';
    // With letters on their way it may be Re:amaze that takes its time.
    const isQuiet = state === 'running' && report.sent === 0 && nowMs - movedAtMs >= quietMs(view);
    const isTold = before?.isTold === true;
    const skips = report.skipped.newer_delivered > 0;
    const isSkipTold = before?.isSkipTold === true;
    followed.set(id, {
      movedAtMs,
      form,
      state,
      isTold: isTold || isQuiet,
      isSkipTold: isSkipTold || skips,
    });
    return [
      ...(skips && !isSkipTold ? [overtakenRemark(id)] : []),
      ...(isPausedNow ? [`paused; callpost replay resume ${id} goes on with it`] : []),
      ...(isQuiet && !isTold ? [`no worker seems to be carrying out ${id}: is one running?`] : []),
    ];
  };
}

function overtakenRemark(id: string): string {
  return `${id} skips letters: newer events of their calls were delivered already. They stay dead letters, and the report says how to send them.`;
}

function quietMs({ run }: RunView): number {
  return Math.max(QUIET_MS, (LETTERS_OF_QUIET * 1_000) / run.maxPerSecond);
}

/** `20261123-0331-x7k2: 1,200 of 4,211, 1,150 delivered, 3 dead again`. */
export function progressLine(view: RunView): string {
  const { run, report } = view;
  const counts = [
    `${countText(settledOf(view))} of ${countText(report.planned)}`,
    `${countText(report.delivered)} delivered`,
    ...(skippedOf(view) > 0 ? [`${countText(skippedOf(view))} skipped`] : []),
    ...(report.deadAgain > 0 ? [`${countText(report.deadAgain)} dead again`] : []),
    ...(isAtEnd(view) ? [run.state.replaceAll('_', ' ')] : []),
  ];
  return `${run.id}: ${counts.join(', ')}`;
}
