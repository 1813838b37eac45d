import { planRun, type RedisConnection, type ReplayRun } from '@callpost/queue';
import type { Context } from '../context.js';
import { NoMatchError } from '../errors.js';
import type { Proposal } from './propose.js';
import { newRunId } from './run-id.js';
import { patchFaults } from './try-patch.js';

/**
 * One run for each channel. It ends with the newest death that was chosen, so that it holds no letter that nobody has
 * seen.
 */
export async function planRuns(
  redis: RedisConnection,
  proposal: Proposal,
  { now, random, who }: Context,
): Promise<ReplayRun[]> {
  const { filter, chosen, counts, perSecond, onCallConflict, patch, comment } = proposal;
  const runs: ReplayRun[] = [];
  for (const [channel, count] of counts) {
    const untilMs = chosen.letters.reduce(
      (newest, letter) => (letter.channel === channel ? Math.max(newest, letter.diedAtMs) : newest),
      0,
    );
    const answer = await planRun(redis, {
      channel,
      filter: { ...filter, untilMs },
      who,
      comment,
      maxPerSecond: perSecond,
      canary: proposal.canaryOf(count),
      onCallConflict,
      patch,
      now,
      newId: () => newRunId(now(), random),
    });
    if (answer.status === 'invalid_patch')
      throw patchFaults(answer.eventId ?? 'without an id', answer.faults);
    if (answer.status === 'planned') runs.push(answer.run);
  }
  if (runs.length > 0) return runs;
  throw new NoMatchError('these letters were replayed or discarded meanwhile; nothing was replayed');
}
