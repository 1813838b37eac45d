import { filterArguments } from '../letters/filter-arguments.js';
import { countText, momentText } from '../output/words.js';
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
      return [...deaths, ...overtakenAgain({ run, report })];
  }
}

/** The letters that newer events of their call had overtaken; what died in the run itself is later than its filter. */
function overtakenAgain({ run, report }: RunView): string[] {
  const skipped = report.skipped.newer_delivered;
  if (skipped === 0) return [];
  const patch = run.patch === null ? '' : ' --patch FILE';
  const start = `callpost replay start --channel ${run.channel}${patch} --on-call-conflict continue --dry-run`;
  const filter = filterArguments(run.filter);
  const command =
    filter === null
      ? `callpost replay report ${run.id} -o ndjson | jq -r 'select(.why == "newer_delivered").jobId' | xargs ${start} --id`
      : `${start} ${filter}`;
  return [`${command}  # the ${countText(skipped)} after newer ones`];
}
