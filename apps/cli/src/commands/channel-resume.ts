import { type ChannelState, resumeChannel } from '@callpost/queue';
import type { Command } from 'commander';
import { channelName } from '../args/channel-name.js';
import { words } from '../args/words.js';
import { stateDetails } from '../braking/channel-view.js';
import { controlChannel } from '../braking/control.js';
import type { Start } from '../start.js';

const VERB = {
  infinitive: 'resume',
  past: 'Resumed',
  act: resumeChannel,
  means: (_: string, state: ChannelState) =>
    state.state === 'flowing' ? 'It flows again.' : `It is ${state.state}: ${stateDetails(state)}.`,
} as const;

export function addChannelResume(parent: Command, start: Start): void {
  parent
    .command('resume')
    .description('go on with a channel that a person paused')
    .argument('<name>', 'as channel list shows it', channelName)
    .option('--reason <text>', 'why, for the audit trail', words(500))
    .action((name: string, { reason = null }: { reason?: string | null }, command: Command) =>
      start(command, (context) => controlChannel(name, { reason, verb: VERB }, context), 'by_itself'),
    );
}
