import type { Command } from 'commander';
import { readChannelViews } from '../braking/channel-view.js';
import { channelsAnswer } from '../braking/channels-answer.js';
import { EXIT } from '../exit-code.js';
import { print } from '../output/form.js';
import type { Start } from '../start.js';
import { withRedis } from '../with-redis.js';

const HELP = `
flowing     as fast as it may
braked      Re:amaze fails: after a while one event is tried, and all follow when that goes well
recovering  it went well: ever more at a time
waiting     Re:amaze asked to be left alone for so long
held        Re:amaze refuses every event of it: look at its secret and its URL
paused      by a person, until channel resume

Examples:
  callpost channel list
  callpost channel list -o json | jq '.channels[] | select(.state != "flowing")'`;

export function addChannelList(channel: Command, start: Start): void {
  channel
    .command('list')
    .description('how each channel is doing, since when, and what it waits for')
    .addHelpText('after', HELP)
    .action((_: unknown, command: Command) =>
      start(
        command,
        (context) =>
          withRedis(context, 'tool', async (redis) => {
            await print(context, channelsAnswer(await readChannelViews(redis, context)));
            return EXIT.ok;
          }),
        'at_once',
      ),
    );
}
