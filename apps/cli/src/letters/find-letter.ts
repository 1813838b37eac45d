import { type DeadLetter, findDeadLetter, type RedisConnection } from '@callpost/queue';
import { UsageError } from '../errors.js';

/**
 * A letter by the id of its event, or by its job id, in any of the channels; null when none has it.
 *
 * @throws UsageError when several channels have one
 */
export async function findLetter(
  redis: RedisConnection,
  channels: readonly string[],
  id: string,
): Promise<DeadLetter | null> {
  const found = await Promise.all(channels.map((channel) => findDeadLetter(redis, channel, id)));
  const letters = found.filter((letter) => letter !== null);
  if (letters.length > 1) {
    throw new UsageError({
      field: '--channel',
      found: 'nothing, while several channels have a dead letter with this id',
      allowed: `one of ${letters.map(({ channel }) => channel).join(', ')}`,
    });
  }
  return letters[0] ?? null;
}
