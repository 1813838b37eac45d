import type { ReplayRun } from '@callpost/queue';
import { lineOf } from '../choosing/conclude.js';
import { countsOf, describeLetters } from '../choosing/describe-letters.js';
import type { Context } from '../context.js';
import { filterWords } from '../letters/filter-words.js';
import type { Answer, Drawing } from '../output/form.js';
import { type Pair, pairsText } from '../output/table.js';
import { visible } from '../output/visible.js';
import { countText } from '../output/words.js';
import { diffEvents, diffText } from './event-diff.js';
import { overtakenFacts } from './overtaken-facts.js';
import type { Proposal } from './propose.js';
import { CONFLICT_WORDS, durationText, nextText, rateText } from './run-words.js';

type Facts = Array<readonly [name: string, text: string]>;

/** What a person should know of a replay, beside which letters it is about. */
export function planFacts({
  filter,
  causes,
  counts,
  longest,
  perSecond,
  onCallConflict,
  canaryOf,
  comment,
}: Proposal): Facts {
  return [
    ['filter', filterWords({ ...filter }) || 'all'],
    ...causeFacts(causes),
    ['canary', canaryText({ counts, canaryOf })],
    ['call conflict', CONFLICT_WORDS[onCallConflict]],
    ['takes', longest === 0 ? 'no time, since nothing is sent' : takesText(longest, perSecond)],
    ...(comment === null ? [] : [['comment', comment] as const]),
  ];
}

function takesText(letters: number, perSecond: number): string {
  return `at least ${durationText(letters, perSecond)}, with ${rateText(perSecond)}`;
}

const CAUSES_SHOWN = 3;

function causeFacts(causes: Proposal['causes']): Facts {
  const others = causes.slice(CAUSES_SHOWN).reduce((sum, { count }) => sum + count, 0);
  const texts = causes
    .slice(0, CAUSES_SHOWN)
    .map(({ cause, count, template }) => `${countText(count)} of ${cause}  ${template}`.trimEnd());
  const all = others === 0 ? texts : [...texts, `${countText(others)} of other causes`];
  return all.map((text, index) => [index === 0 ? 'causes' : '', text]);
}

/** `the first 5 of default; …`, of the channels that have one. */
function canaryText({ counts, canaryOf }: Pick<Proposal, 'counts' | 'canaryOf'>): string {
  const texts = [...counts].flatMap(([channel, count]) => {
    const canary = canaryOf(count);
    return canary === 0 ? [] : [`the first ${countText(canary)} of ${channel}`];
  });
  if (texts.length === 0) return 'none';
  return `${texts.join(', ')}; stop if over 20 % of these die again of one cause`;
}

/** @param runs that were planned; none before */
export function planWarnings(
  { chosen, newerDelivered, onCallConflict }: Proposal,
  runs: readonly ReplayRun[],
): Pair[] {
  const [run] = runs;
  const instead =
    run === undefined || runs.length > 1
      ? 'the same command with --on-call-conflict continue'
      : `callpost replay start ${run.id} --on-call-conflict continue`;
  return overtakenFacts({ newerDelivered, letters: chosen.letters.length, onCallConflict, instead });
}

/** What a patch does to one of the letters; empty without one. */
export function sampleText({ sample }: Proposal, reveal: boolean, { paint }: Drawing): string {
  if (sample === null) return '';
  const { eventId, jobId } = sample.letter;
  const masked = reveal ? '' : ' (masked; --reveal shows it)';
  const changes = diffEvents(sample.before, sample.after, reveal);
  const diff = changes.length === 0 ? 'no change\n' : diffText(changes, paint);
  return `${paint('bold', `What changes, in ${visible(eventId ?? jobId)}${masked}`)}\n${diff}`;
}

/** @param runs that were planned; none in a dry run */
export function planAnswer(
  proposal: Proposal,
  runs: readonly ReplayRun[],
  reveal: boolean,
  { now }: Context,
): Answer {
  const { letters, missing } = proposal.chosen;
  const { filter, causes, perSecond, onCallConflict, sample } = proposal;
  const plannedRuns = runs.map(({ id, channel, count, canary }) => ({ id, channel, planned: count, canary }));
  const ids: Facts = runs.map(({ id, channel, count }, index) => [
    index === 0 ? 'run' : '',
    runs.length === 1 ? id : `${id}  ${channel}, ${countText(count)}`,
  ]);
  return {
    table: (drawing) =>
      [
        pairsText(
          [
            ...ids,
            ...describeLetters(letters, now()),
            ...planFacts(proposal),
            ...planWarnings(proposal, runs),
          ],
          drawing,
        ),
        ...(sample === null ? [] : ['\n', sampleText(proposal, reveal, drawing)]),
        nextText(
          runs.map(({ id }) => `callpost replay start ${id}`),
          drawing,
        ),
      ].join(''),
    json: {
      dryRun: runs.length === 0,
      chosen: letters.length,
      ...countsOf(letters),
      missing,
      filter,
      causes: causes.map(({ cause, count }) => ({ cause, count })),
      maxPerSecond: perSecond,
      atLeastSeconds: Math.ceil(proposal.longest / perSecond),
      onCallConflict,
      newerDelivered: proposal.newerDelivered,
      sample: sample && {
        eventId: sample.letter.eventId,
        changes: diffEvents(sample.before, sample.after, reveal),
      },
      runs: plannedRuns,
    },
    ndjson: runs.length > 0 ? plannedRuns : letters.map((letter) => lineOf(letter, 'would_replay')),
  };
}
