import { Command } from 'commander';
import { channelName } from './args/channel-name.js';
import { oneOf } from './args/value.js';
import { words } from './args/words.js';
import { addAudit } from './commands/audit.js';
import { addChannelList } from './commands/channel-list.js';
import { addChannelPause } from './commands/channel-pause.js';
import { addChannelRelease } from './commands/channel-release.js';
import { addChannelResume } from './commands/channel-resume.js';
import { addDlqCauses } from './commands/dlq-causes.js';
import { addDlqDiscard } from './commands/dlq-discard.js';
import { addDlqExport } from './commands/dlq-export.js';
import { addDlqList } from './commands/dlq-list.js';
import { addDlqReindex } from './commands/dlq-reindex.js';
import { addDlqShow } from './commands/dlq-show.js';
import { addDoctor } from './commands/doctor.js';
import { addReplayList } from './commands/replay-list.js';
import { addReplayMove } from './commands/replay-move.js';
import { addReplayPlan } from './commands/replay-plan.js';
import { addReplayRate } from './commands/replay-rate.js';
import { addReplayReport } from './commands/replay-report.js';
import { addReplayStart } from './commands/replay-start.js';
import { addReplayStatus } from './commands/replay-status.js';
import { addReplayWatch } from './commands/replay-watch.js';
import { addSend } from './commands/send.js';
import { addStatus } from './commands/status.js';
import { DEFAULT_REDIS_URL } from './config.js';
import type { Surroundings } from './context.js';
import { OUTPUT_FORMS } from './output/form.js';
import type { Start } from './start.js';

const HELP = `
Data goes to stdout; progress, notes and errors to stderr. A table is for people: scripts ask for -o json or -o ndjson.

Exit codes: 0 ok, 1 error, 2 wrong usage, 3 no match, 4 done in part, 5 plan out of date, 7 Redis unreachable, 130 interrupted.

Examples:
  callpost doctor
  callpost status
  callpost send events.ndjson
  callpost dlq causes
  callpost dlq list --since 2h
  callpost replay start --reason http_422 --since 2h --wait`;

/** The command line: what there is to type. It throws commander's errors instead of ending the process. */
export function createProgram(start: Start, { terminal, now }: Surroundings, version: string): Command {
  const program = new Command('callpost')
    .description('Callpost posts the call events of a call centre to Re:amaze until they are accepted.')
    .version(version, '-V, --version')
    .option('--redis <url>', `where Redis is (default: REDIS_URL, else ${DEFAULT_REDIS_URL})`)
    .option('--channel <name>', 'only this channel (default: all of them; for send: default)', channelName)
    .option('-o, --output <form>', 'table, json or ndjson', oneOf(OUTPUT_FORMS), 'table')
    .option('--as <name>', 'on whose behalf, for the audit trail', words(100))
    .option('--no-color', 'no colour (also: NO_COLOR)')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
      getOutHelpWidth: () => terminal.stdout.columns || HELP_COLUMNS,
      getErrHelpWidth: () => terminal.stderr.columns || HELP_COLUMNS,
      outputError: (text, write) => write(text.replace(/^error: /, 'callpost: ')),
    })
    .addHelpText('after', HELP);
  addSend(program, start);
  addStatus(program, start);
  const dlq = program.command('dlq').description('dead letters: events no longer attempted');
  addDlqList(dlq, start, now);
  addDlqCauses(dlq, start, now);
  addDlqShow(dlq, start);
  addDlqExport(dlq, start, now);
  addDlqDiscard(dlq, start, now);
  addDlqReindex(dlq, start);
  const replay = program.command('replay').description('dead letters, sent again by the workers');
  addReplayPlan(replay, start, now);
  addReplayStart(replay, start, now);
  addReplayList(replay, start);
  addReplayStatus(replay, start);
  addReplayWatch(replay, start);
  addReplayReport(replay, start);
  addReplayMove(replay, start, 'pause');
  addReplayMove(replay, start, 'resume');
  addReplayRate(replay, start);
  addReplayMove(replay, start, 'cancel');
  const channel = program.command('channel').description('channels: how they are doing, and stopping them');
  addChannelList(channel, start);
  addChannelPause(channel, start);
  addChannelResume(channel, start);
  addChannelRelease(channel, start);
  addAudit(program, start);
  addDoctor(program, start);
  return program;
}

const HELP_COLUMNS = 100;
