import { type RedisConnection, setRunRate } from '@callpost/queue';
import { actorOf } from '../auditing/actor.js';
import type { Context } from '../context.js';
import { NoMatchError, RefusedError } from '../errors.js';
import { STATE_WORDS } from './run-words.js';

export interface RateChange {
  readonly channel: string;
  readonly runId: string;
  readonly maxPerSecond: number;
  readonly comment: string | null;
}

/** @throws RefusedError for a run that has ended */
export async function changeRate(
  redis: RedisConnection,
  { comment, ...change }: RateChange,
  context: Context,
): Promise<void> {
  const by = actorOf(context, comment);
  const answer = await setRunRate(redis, { ...change, by, nowMs: context.now() });
  if (answer.status === 'not_found') throw new NoMatchError(`the replay run ${change.runId} is gone`);
  if (answer.status === 'refused') {
    const state = STATE_WORDS[answer.run.state];
    throw new RefusedError(`cannot change the rate of the run ${change.runId}: it is ${state}`);
  }
}
