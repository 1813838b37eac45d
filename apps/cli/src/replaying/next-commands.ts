import { momentText } from '../output/words.js';
import type { RunView } from './run-view.js';

/** What a person may want to do about a run, in commands to copy. */
export function nextCommands({ run, report }: RunView): string[] {
  const { id, channel, state, startedAtMs } = run;
  const verbs = (...names: readonly string[]) => names.map((verb) => `callpost replay ${verb} ${id}`);
  const deaths =
    report.deadAgain === 0 || startedAtMs === null
      ? []
      : [`callpost dlq causes --replayed any --since ${momentText(startedAtMs)} --channel ${channel}`];
  switch (state) {
    case 'planned':
      return verbs('start', 'cancel');
    case 'running':
      return [...deaths, ...verbs('watch', 'pause', 'cancel')];
    case 'paused':
    case 'stopped_by_canary':
      return [...deaths, ...verbs('resume', 'cancel')];
    default:
      return deaths;
  }
}
