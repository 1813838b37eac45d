import type { DeadLetterFilter, RedisConnection } from '@callpost/queue';
import { type Audited, audit } from '../auditing/audit.js';
import type { Context } from '../context.js';
import type { ChosenLetter } from './choose-letters.js';
import type { Doing, Done } from './doing.js';

interface What {
  readonly doing: Doing;
  readonly letters: readonly ChosenLetter[];
  readonly filter: DeadLetterFilter;
  readonly comment: string | null;
}

type Counts = Readonly<Record<string, number>>;

/** Before anything is done. */
export function auditChosen(redis: RedisConnection, what: What, context: Context): Promise<void> {
  return record(redis, 'discard', what, (_, chosen) => ({ chosen }), context);
}

export function auditRevealed(redis: RedisConnection, what: What, context: Context): Promise<void> {
  return record(redis, 'reveal', what, (_, letters) => ({ letters }), context);
}

/**
 * How far it got. That the trail could not be told is a failure too, but no reason to keep quiet about what was done.
 */
export async function auditDone(
  redis: RedisConnection,
  what: What,
  { outcomes, failure }: Done,
  context: Context,
): Promise<Done> {
  const { participle } = what.doing;
  const countsOf = (channel: string, chosen: number) => {
    const done = outcomes.of(channel, participle);
    const notDead = outcomes.of(channel, 'not_dead');
    const left = chosen - done - notDead;
    return { [participle]: done, ...(notDead > 0 && { notDead }), ...(left > 0 && { left }) };
  };
  try {
    await record(redis, 'discard', what, countsOf, context);
    return { outcomes, failure };
  } catch (error) {
    return { outcomes, failure: failure ?? { error } };
  }
}

function record(
  redis: RedisConnection,
  action: Audited['action'],
  { letters, filter, comment }: What,
  countsOf: (channel: string, chosen: number) => Counts,
  context: Context,
): Promise<void> {
  const chosen = new Map<string, number>();
  for (const { channel } of letters) chosen.set(channel, (chosen.get(channel) ?? 0) + 1);
  const counts = new Map([...chosen].map(([channel, count]) => [channel, countsOf(channel, count)]));
  return audit(redis, context, { action, filter: { ...filter }, comment }, counts);
}
