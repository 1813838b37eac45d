import { releaseChannel } from '@callpost/queue';
import type { Command } from 'commander';
import { channelName } from '../args/channel-name.js';
import { words } from '../args/words.js';
import { controlChannel } from '../braking/control.js';
import type { Start } from '../start.js';

const HELP = `
A brake ends by itself, with a probe every minute at the latest, so this only saves waiting. It is careful: one event
first, then ever more. If Re:amaze still fails, the channel is braked again; if it still refuses it, the channel is held
again and the first few events (CHANNEL_HOLD_THRESHOLD, 5) are dead letters. A pause by a person is not touched.

Examples:
  callpost channel release support --reason 'the channel exists again, OPS-12'`;

const VERB = {
  infinitive: 'release',
  past: 'Released',
  act: releaseChannel,
  means: () => 'One event goes first, then ever more.',
} as const;

export function addChannelRelease(parent: Command, start: Start): void {
  parent
    .command('release')
    .description('let a channel that is braked, held or waiting go on now')
    .argument('<name>', 'as channel list shows it', channelName)
    .option('--reason <text>', 'why, for the audit trail', words(500))
    .addHelpText('after', HELP)
    .action((name: string, { reason = null }: { reason?: string | null }, command: Command) =>
      start(command, (context) => controlChannel(name, { reason, verb: VERB }, context), 'by_itself'),
    );
}
