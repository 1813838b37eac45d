import { readChannels } from '@callpost/config';
import { listChannels, type RedisConnection } from '@callpost/queue';
import type { Context } from './context.js';
import { NoMatchError } from './errors.js';

/**
 * The channels a command is about: the one of `--channel`, else every one that was ever opened in this Redis or is
 * configured here.
 *
 * @throws NoMatchError for a `--channel` that nobody knows, which is most often a slip of the fingers
 */
export async function channelsOf(redis: RedisConnection, context: Context): Promise<string[]> {
  const known = [...new Set([...(await listChannels(redis)), ...configuredChannels(context)])].sort();
  const { channel } = context;
  if (channel === null) return known;
  if (known.includes(channel)) return [channel];
  const names = known.length === 0 ? 'none yet' : known.join(', ');
  throw new NoMatchError(`no channel ${channel} in this Redis; there is: ${names}`);
}

/** None when the configuration is faulty or absent, as on a machine that only looks on; `doctor` tells about that. */
function configuredChannels({ env, readFile }: Context): string[] {
  const read = readChannels(env, readFile);
  return read.ok ? read.value.channels.map(({ name }) => name) : [];
}
