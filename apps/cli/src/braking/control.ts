import type { ChannelControl, ChannelControlAnswer, ChannelState, RedisConnection } from '@callpost/queue';
import { channelsOf } from '../channels.js';
import type { Context } from '../context.js';
import { RefusedError } from '../errors.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { print } from '../output/form.js';
import { ageText } from '../output/words.js';
import { withRedis } from '../with-redis.js';
import { channelDocument, stateAgeMs, stateDetails, stateWord } from './channel-view.js';

interface Verb {
  readonly infinitive: 'pause' | 'resume' | 'release';
  readonly past: string;
  readonly act: (redis: RedisConnection, control: ChannelControl) => Promise<ChannelControlAnswer>;
  /** What follows from it, as a sentence. */
  readonly means: (channel: string, state: ChannelState) => string;
}

/** What `channel pause`, `resume` and `release` do: it is in the audit trail, and says what follows from it. */
export function controlChannel(
  channel: string,
  { reason, verb }: { reason: string | null; verb: Verb },
  context: Context,
): Promise<ExitCode> {
  const { who, now } = context;
  return withRedis(context, 'tool', async (redis) => {
    await channelsOf(redis, { ...context, channel });
    const { status, state } = await verb.act(redis, { channel, who, via: 'cli', reason, nowMs: now() });
    if (status === 'refused') throw refused(channel, verb, state);
    const document = channelDocument({ channel, state });
    await print(context, {
      table: () => `${verb.past} ${channel}. ${verb.means(channel, state)}\n`,
      json: document,
      ndjson: [document],
    });
    return EXIT.ok;
  });
}

function refused(channel: string, { infinitive }: Verb, state: ChannelState): RefusedError {
  const ageMs = stateAgeMs(state);
  const details = stateDetails(state);
  const is = [stateWord(state), ageMs !== null && `for ${ageText(ageMs)}`, details && `(${details})`]
    .filter(Boolean)
    .join(' ');
  return new RefusedError(`cannot ${infinitive} the channel ${channel}: it is ${is}`);
}
