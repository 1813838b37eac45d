import { pauseChannel } from '@callpost/queue';
import type { Command } from 'commander';
import { channelName } from '../args/channel-name.js';
import { words } from '../args/words.js';
import { controlChannel } from '../braking/control.js';
import type { Start } from '../start.js';

const HELP = `
What is being posted finishes; after a moment workers take nothing more. Events wait, in order, and do not age meanwhile.

Examples:
  callpost channel pause support --reason 'Re:amaze maintenance until 04:00, OPS-12'`;

const VERB = {
  infinitive: 'pause',
  past: 'Paused',
  act: pauseChannel,
  means: (channel: string) => `Its events wait until callpost channel resume ${channel}.`,
} as const;

export function addChannelPause(parent: Command, start: Start): void {
  parent
    .command('pause')
    .description('deliver nothing of a channel, until channel resume')
    .argument('<name>', 'as channel list shows it', channelName)
    .requiredOption('--reason <text>', 'why, for whoever finds it paused', words(500))
    .addHelpText('after', HELP)
    .action((name: string, { reason }: { reason: string }, command: Command) =>
      start(command, (context) => controlChannel(name, { reason, verb: VERB }, context), 'by_itself'),
    );
}
