import { type Cause, isReason } from '@callpost/domain';
import type { RedisConnection } from '../redis.js';
import type { Home } from '../shards/layout.js';
import { letterKeys } from './letter-keys.js';

/** Every cause that the home has seen, by id; one may have no letters any more. */
export async function readCauses(redis: RedisConnection, home: Home): Promise<Map<string, Cause>> {
  const texts = await redis.hgetall(letterKeys(home).causes);
  const causes = Object.entries(texts).flatMap(([id, text]) => causeOfText(id, text) ?? []);
  return new Map(causes.map((cause) => [cause.id, cause]));
}

function causeOfText(id: string, text: string): Cause | null {
  try {
    const [reason, template] = JSON.parse(text) as unknown[];
    const isCause = typeof reason === 'string' && isReason(reason) && typeof template === 'string';
    return isCause ? { id, reason, template } : null;
  } catch {
    return null;
  }
}
