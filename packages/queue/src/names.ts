import { CHANNEL_NAME_ALLOWED, isChannelName, kindOf } from '@callpost/domain';

/** BullMQ's own key prefix, kept so that any BullMQ client and dashboard finds the queues. */
const KEY_PREFIX = 'bull';

/** The name a producer's event gets as a BullMQ job; a job of another name is treated alike. */
export const JOB_NAME = 'call-event';

/** The set of channel names that a producer or a worker has ever opened in this Redis. */
export const CHANNELS_KEY = 'callpost:channels';

/** A channel, or one shard of it. */
const HOME_NAME = /^([^.]+)(\.\d+)?$/;

/** @throws RangeError for a name that is not a channel name */
export function requireChannelName(channel: string): void {
  if (isChannelName(channel)) return;
  throw new RangeError(`channel: found ${kindOf(channel)}; allowed: ${CHANNEL_NAME_ALLOWED}`);
}

/**
 * The BullMQ queue of a channel or, as `<channel>.<n>`, of one of its shards. The braces put all keys of a queue into one
 * Redis Cluster slot, and each queue into its own.
 *
 * @throws RangeError for a name that is not a channel name
 */
export function queueName(home: string): string {
  requireChannelName(HOME_NAME.exec(home)?.[1] ?? home);
  return `{voice-${home}}`;
}

export function queueKey(home: string, suffix: string): string {
  return `${KEY_PREFIX}:${queueName(home)}:${suffix}`;
}

/**
 * The BullMQ job id of an event id. BullMQ refuses ids with a colon and ids of digits only, and an id such as `wait`
 * or `failed` would be the key of the queue's own list. So every id gets a prefix that no BullMQ key has, and colons,
 * percent signs, blanks and control characters are percent-encoded.
 */
export function jobIdOf(eventId: string): string {
  return JOB_ID_PREFIX + eventId.toWellFormed().replace(ESCAPED, percentEncode);
}

/** The inverse of {@link jobIdOf}; null for a job id that a plain BullMQ producer or BullMQ itself chose. */
export function eventIdOfJobId(jobId: string): string | null {
  if (!jobId.startsWith(JOB_ID_PREFIX)) return null;
  return jobId
    .slice(JOB_ID_PREFIX.length)
    .replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

const JOB_ID_PREFIX = 'e.';
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must be escaped
const ESCAPED = /[\u0000-\u0020%:\u007f]/g;

function percentEncode(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
