import { createReplayer, type RedisConnection, type ReplayAnswer, type Replayer } from '@callpost/queue';
import type { Context } from '../context.js';
import { ndjsonText } from '../output/form.js';
import { createProgress } from '../output/progress.js';
import { visible } from '../output/visible.js';
import { countText } from '../output/words.js';
import { write } from '../terminal.js';
import { within } from '../within.js';
import type { ChosenLetter } from './choose-letters.js';
import { createPace } from './pace.js';

export interface Replayed {
  readonly replayed: number;
  readonly notDead: number;
  /** What broke it off; null when it was Ctrl-C or nothing. */
  readonly failure: { readonly error: unknown } | null;
}

export interface ReplayOptions {
  readonly redis: RedisConnection;
  /** At most. */
  readonly perSecond: number;
  readonly context: Context;
}

/** Replays the letters in their order, one by one. Nothing is undone when it breaks off: moved stays moved. */
export async function replayLetters(
  letters: readonly ChosenLetter[],
  { redis, perSecond, context }: ReplayOptions,
): Promise<Replayed> {
  const { terminal, form, now, interrupted } = context;
  const replayers = new Map<string, Replayer>();
  const replayerOf = (channel: string) => {
    const replayer = replayers.get(channel) ?? createReplayer({ redis, channel, now });
    replayers.set(channel, replayer);
    return replayer;
  };
  const counts: Record<ReplayAnswer, number> = { replayed: 0, not_dead: 0 };
  const result = (failure: Replayed['failure']) => ({
    replayed: counts.replayed,
    notDead: counts.not_dead,
    failure,
  });
  const progress = createProgress(terminal, {
    doing: 'replaying',
    total: letters.length,
    valueText: countText,
  });
  const mayGoOn = createPace(perSecond, interrupted);
  try {
    for (const [index, letter] of letters.entries()) {
      if (!(await mayGoOn())) break;
      const outcome = await replayerOf(letter.channel).replay(letter.jobId);
      counts[outcome] += 1;
      progress.update(index + 1);
      if (outcome === 'not_dead') await progress.note(`no longer dead: ${visible(nameOf(letter))}`);
      if (form === 'ndjson') await write(terminal.stdout, ndjsonText([lineOf(letter, outcome)]));
    }
    return result(null);
  } catch (error) {
    return result({ error });
  } finally {
    progress.stop();
    // With Redis gone they would wait for ever.
    const closed = Promise.all([...replayers.values()].map((replayer) => replayer.close()));
    await within(closed, 1_000, () => new Error('late')).catch(() => undefined);
  }
}

/** A line of the NDJSON form. */
export function lineOf({ channel, eventId, jobId }: ChosenLetter, outcome: ReplayAnswer | 'would_replay') {
  return { channel, eventId, jobId, outcome };
}

function nameOf({ eventId, jobId }: ChosenLetter): string {
  return eventId ?? jobId;
}
