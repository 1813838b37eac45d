import {
  countNewerDelivered,
  type DeadLetterFilter,
  findDeadLetter,
  type OnCallConflict,
  type RedisConnection,
} from '@callpost/queue';
import { channelsOf } from '../channels.js';
import { auditRevealed } from '../choosing/audit-done.js';
import { choiceOf } from '../choosing/choice-options.js';
import { type ChosenLetters, chooseLetters, tellMissing } from '../choosing/choose-letters.js';
import { REPLAY } from '../choosing/doing.js';
import { readEditor } from '../config.js';
import type { Context } from '../context.js';
import { NoMatchError, UsageError } from '../errors.js';
import type { CauseView } from '../letters/cause-view.js';
import { readCauseViews } from '../letters/read-cause-views.js';
import { unlessStopped } from '../unless-stopped.js';
import { editEvent } from './edit-event.js';
import type { Patch } from './merge-patch-of.js';
import { canaryOf, DEFAULT_PER_SECOND, type PlanOptions } from './plan-options.js';
import { readPatch } from './read-patch.js';
import { type Sample, tryPatch } from './try-patch.js';

/** A replay as it would be; nothing of it is written yet. */
export interface Proposal {
  readonly filter: DeadLetterFilter;
  readonly chosen: ChosenLetters;
  /** The most frequent first. */
  readonly causes: readonly CauseView[];
  /** Of each channel. */
  readonly counts: ReadonlyMap<string, number>;
  /** How many letters are sent in the channel that takes longest. */
  readonly longest: number;
  readonly perSecond: number;
  readonly canaryOf: (letters: number) => number;
  readonly onCallConflict: OnCallConflict;
  /** Of how many letters newer events of their call were delivered already. */
  readonly newerDelivered: number;
  readonly patch: Patch | null;
  /** What the patch does to one of the letters. */
  readonly sample: Sample | null;
  readonly comment: string | null;
}

/**
 * Reads what the options mean, and checks it.
 *
 * @returns null when an editor was opened and nothing changed in it
 */
export async function propose(
  redis: RedisConnection,
  options: PlanOptions,
  context: Context,
): Promise<Proposal | null> {
  const filter = choiceOf(options);
  const { comment = null, maxRate = DEFAULT_PER_SECOND, onCallConflict = 'hold' } = options;
  checkPatchOptions(options);
  const channels = await channelsOf(redis, context);
  const givenPatch = options.patch === undefined ? null : readPatch(options.patch, context);
  const chosen = await unlessStopped(chooseLetters(redis, channels, filter), context);
  await tellMissing(chosen, filter, 'nothing was replayed', context.terminal);
  const what = { doing: REPLAY, filter, comment };
  const patch = options.edit ? await editedPatch(redis, chosen, what, context) : givenPatch;
  if (options.edit && patch === null) return null;
  const sample =
    patch === null ? null : await unlessStopped(tryPatch(redis, channels, filter, patch), context);
  if (options.reveal && sample !== null) {
    const letters = chosen.letters.filter(({ jobId }) => jobId === sample.letter.jobId).slice(0, 1);
    await auditRevealed(redis, { ...what, letters }, context);
  }
  const counts = new Map<string, number>();
  for (const { channel } of chosen.letters) counts.set(channel, (counts.get(channel) ?? 0) + 1);
  const overtaken = await unlessStopped(countOvertaken(redis, chosen), context);
  const skippedOf = (channel: string) => (onCallConflict === 'continue' ? 0 : (overtaken.get(channel) ?? 0));
  return {
    filter,
    chosen,
    causes: await unlessStopped(readCauseViews(redis, channels, filter), context),
    counts,
    longest: Math.max(...[...counts].map(([channel, count]) => count - skippedOf(channel))),
    perSecond: maxRate,
    canaryOf: (letters) => canaryOf(letters, options),
    onCallConflict,
    newerDelivered: [...overtaken.values()].reduce((sum, count) => sum + count, 0),
    patch,
    sample,
    comment,
  };
}

/** By channel: letters of which newer events of their call were delivered already. */
async function countOvertaken(
  redis: RedisConnection,
  { letters }: ChosenLetters,
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const channel of new Set(letters.map((letter) => letter.channel))) {
    const ofChannel = letters.filter((letter) => letter.channel === channel);
    counts.set(channel, await countNewerDelivered(redis, channel, ofChannel));
  }
  return counts;
}

function checkPatchOptions({ edit, patch, reveal }: PlanOptions): void {
  if (edit && patch !== undefined) {
    throw new UsageError({ field: '--edit', found: '--patch beside it', allowed: 'one of them' });
  }
  if (reveal && !edit && patch === undefined) {
    throw new UsageError({
      field: '--reveal',
      found: 'no change to show',
      allowed: 'it with --patch or --edit',
    });
  }
}

/** The editor shows the event as it is, which is personal data: that is told in the audit trail before. */
async function editedPatch(
  redis: RedisConnection,
  { letters }: ChosenLetters,
  what: { doing: typeof REPLAY; filter: DeadLetterFilter; comment: string | null },
  context: Context,
): Promise<Patch | null> {
  const editor = readEditor(context.env);
  const [letter] = letters;
  if (editor === null) {
    throw new UsageError({ field: '--edit', found: 'neither VISUAL nor EDITOR', allowed: 'one of them set' });
  }
  if (letter === undefined || letters.length > 1) {
    const found = `${letters.length} dead letters`;
    throw new UsageError({ field: '--edit', found, allowed: 'exactly one, most easily by --id' });
  }
  const read = await findDeadLetter(redis, letter.channel, letter.jobId);
  if (read === null) throw new NoMatchError('it is no longer dead; nothing was replayed');
  await auditRevealed(redis, { ...what, letters }, context);
  return editEvent(read.event, editor);
}
