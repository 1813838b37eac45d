import { createReplayer, type RedisConnection, type Replayer } from '@callpost/queue';
import type { ChosenLetter } from '../choosing/choose-letters.js';
import { lineOf } from '../choosing/conclude.js';
import { type Done, type Outcome, REPLAY } from '../choosing/doing.js';
import { createOutcomes } from '../choosing/outcomes.js';
import type { Context } from '../context.js';
import { ndjsonText } from '../output/form.js';
import { createProgress } from '../output/progress.js';
import { visible } from '../output/visible.js';
import { countText } from '../output/words.js';
import { write } from '../terminal.js';
import { within } from '../within.js';
import { createPace } from './pace.js';

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
): Promise<Done> {
  const { terminal, form, now, interrupted } = context;
  const replayers = new Map<string, Replayer>();
  const replayerOf = (channel: string) => {
    const replayer = replayers.get(channel) ?? createReplayer({ redis, channel, now });
    replayers.set(channel, replayer);
    return replayer;
  };
  const outcomes = createOutcomes<Outcome>();
  const progress = createProgress(terminal, {
    doing: REPLAY.continuous,
    total: letters.length,
    valueText: countText,
  });
  const mayGoOn = createPace(perSecond, interrupted);
  try {
    for (const [index, letter] of letters.entries()) {
      if (!(await mayGoOn())) break;
      const { channel, jobId, diedAtMs } = letter;
      const answer = await replayerOf(channel).replay(jobId, { diedAtMs });
      // One that died again meanwhile is a letter that nobody has chosen.
      const outcome = answer === 'replayed' ? answer : 'not_dead';
      outcomes.add(letter.channel, outcome);
      progress.update(index + 1);
      if (outcome === 'not_dead') await progress.note(`no longer dead: ${visible(nameOf(letter))}`);
      if (form === 'ndjson') await write(terminal.stdout, ndjsonText([lineOf(letter, outcome)]));
    }
    return { outcomes, failure: null };
  } catch (error) {
    return { outcomes, failure: { error } };
  } finally {
    progress.stop();
    // With Redis gone they would wait for ever.
    const closed = Promise.all([...replayers.values()].map((replayer) => replayer.close()));
    await within(closed, 1_000, () => new Error('late')).catch(() => undefined);
  }
}

function nameOf({ eventId, jobId }: ChosenLetter): string {
  return eventId ?? jobId;
}
