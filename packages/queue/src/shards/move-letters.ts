import { randomUUID } from 'node:crypto';
import { allSettled } from '../all-settled.js';
import type { RedisConnection } from '../redis.js';
import { lookAtCalls } from './calls-there.js';
import type { Home } from './layout.js';
import { copyLetters, type Load, removeLetters, undoCopies } from './move-scripts.js';
import { type CarriedLetter, readCarried } from './read-carried.js';

/** Enough to tell apart those who move a letter within the same minute. */
const STAMP_LENGTH = 8;

export interface Moved {
  readonly moved: number;
  /** Stay for now: events of their calls are on their way there, or something else was not as it was read. */
  readonly held: number;
}

interface Move {
  readonly from: Home;
  readonly generation: number;
  readonly withCall?: boolean;
}

/**
 * Moves dead letters from one home to others. Two homes are two cluster slots, so it is two steps: a copy, which does
 * nothing where the event is known already, then a removal, which removes only what was read. Whoever dies between the
 * two leaves a letter at both homes, and who comes next goes on: nothing is lost, and nothing is doubled.
 *
 * What was delivered of the call since goes along. A letter of a call that has events on their way at the old home stays
 * until they are through, since they may add to that.
 *
 * @param move.generation of the layout by which it is made; where a newer one is known nothing is moved to
 * @param move.withCall false: they leave their calls, which stay as they are; default true
 * @param targetOf where the letters of a call are to be; the home itself: they stay
 */
export async function moveLetters(
  redis: RedisConnection,
  { from, generation, withCall = true }: Move,
  jobIds: readonly string[],
  targetOf: (call: string | null) => Home,
): Promise<Moved> {
  const stamp = randomUUID().slice(0, STAMP_LENGTH);
  const { letters, readAtMs } = await readCarried(redis, from, jobIds);
  const strays = letters.filter(({ call }) => targetOf(call) !== from);
  const calls = await lookAtCalls(
    redis,
    from,
    strays.map(({ call }) => (withCall ? call : null)),
  );
  const byTarget = new Map<Home, CarriedLetter[]>();
  for (const letter of strays) {
    if (letter.call !== null && calls.get(letter.call)?.hasLane) continue;
    const target = targetOf(letter.call);
    byTarget.set(target, [...(byTarget.get(target) ?? []), letter]);
  }
  const counts = await allSettled(
    [...byTarget].map(([target, some]) =>
      moveTo(redis, { from, target }, { letters: some, calls, readAtMs, stamp, generation }),
    ),
  );
  const moved = counts.reduce((sum, count) => sum + count, 0);
  return { moved, held: strays.length - moved };
}

async function moveTo(
  redis: RedisConnection,
  { from, target }: { from: Home; target: Home },
  load: Load,
): Promise<number> {
  const { letters, stamp } = load;
  const copied = await copyLetters(redis, target, load);
  if (copied === null) return 0;
  const removed = await removeLetters(redis, from, load);
  // A copy of nothing that is; or one that is not needed, since another move has made its own.
  const wrong = letters.filter(
    (_, index) => removed[index] === 'obsolete' || (removed[index] === 'taken' && copied[index] === true),
  );
  if (wrong.length > 0) await undoCopies(redis, target, wrong, stamp);
  return removed.filter((answer) => answer === 'removed').length;
}
