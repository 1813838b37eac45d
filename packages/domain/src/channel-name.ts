/**
 * A channel's name becomes part of Redis keys, metric labels and file names, so it is kept to characters that need
 * quoting nowhere; braces in particular would break the Redis Cluster slot.
 */
const CHANNEL_NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;

export const CHANNEL_NAME_ALLOWED =
  '1 to 63 characters of a-z, 0-9, - and _, beginning with a letter or a digit';

export const DEFAULT_CHANNEL = 'default';

export function isChannelName(text: string): boolean {
  return CHANNEL_NAME.test(text);
}
