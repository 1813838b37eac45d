import { readMarks } from '../event-marks.js';
import { queueKey } from '../names.js';
import type { RedisConnection } from '../redis.js';
import { allHomes, type Home, pathOfCall, readLayout } from '../shards/layout.js';
import type { PlannedLetter } from './planned-letters.js';
import { runKeys } from './run.js';
import type { LetterResult } from './run-results.js';

/**
 * Where a letter of a run really is, whatever was written about it. `as_planned`: dead of the death it was planned with,
 * so this run has not sent it. `queued`: sent by this run, and not settled. `dead_again`: sent by this run, and dead.
 * `elsewhere`: another run or person replayed it since. `gone`: it was delivered, or discarded.
 */
export type LetterTruth = 'as_planned' | 'queued' | 'dead_again' | 'elsewhere' | 'gone';

const CHUNK = 500;

/** Where a letter is just being moved from home to home, or was put back by somebody at the old one, the first is true. */
const RANK: readonly LetterTruth[] = ['queued', 'dead_again', 'elsewhere', 'as_planned', 'gone'];

/** Which run. */
type Run = { readonly channel: string; readonly id: string };

/**
 * For each of the letters, in their order. Letters move towards the home that their call has now, so that is where each is
 * looked for last; and one whose event was edited may be of another call.
 */
export async function letterTruths(
  redis: RedisConnection,
  run: Run,
  letters: readonly PlannedLetter[],
): Promise<LetterTruth[]> {
  const { channel } = run;
  const layout = await readLayout(redis, channel);
  const all = allHomes(channel, layout);
  if (all.length === 1) return truthsAt(redis, channel, run, letters);
  const truths = letters.map((): LetterTruth => 'gone');
  const places = letters.map(({ call }) => {
    const path = call === null ? all : pathOfCall(channel, layout, call);
    return { before: new Set([channel, ...path.slice(0, -1)]), now: path.at(-1) };
  });

  async function look(isThere: (home: Home, index: number) => boolean): Promise<void> {
    for (const home of all) {
      const indexes = [...letters.keys()].filter((index) => isThere(home, index));
      const some = indexes.map((index) => letters[index] as PlannedLetter);
      const found = await truthsAt(redis, home, run, some);
      for (const [at, index] of indexes.entries()) {
        truths[index] = firstOf(found[at] ?? 'gone', truths[index] ?? 'gone');
      }
    }
  }

  await look((home, index) => places[index]?.now !== home && places[index]?.before.has(home) === true);
  await look((home, index) => places[index]?.now === home);
  await look((home, index) => truths[index] === 'gone' && !places[index]?.before.has(home));
  return truths;
}

/**
 * A worker writes that a letter died again, and then moves it to the failed set. When it dies between the two, another
 * takes the event, and may deliver it; if it has done so since the results were read, they say so by now.
 */
export async function notYetDead(
  redis: RedisConnection,
  run: Run,
  letters: readonly PlannedLetter[],
  results: ReadonlyMap<string, LetterResult>,
): Promise<string[]> {
  const died = letters.filter(({ jobId }) => results.get(jobId) === 'dead_again');
  if (died.length === 0) return [];
  const truths = await letterTruths(redis, run, died);
  const said = await redis.hmget(runKeys(run.channel, run.id).results, ...died.map(({ jobId }) => jobId));
  return died
    .filter((_, index) => truths[index] === 'queued' || said[index] !== 'dead_again')
    .map(({ jobId }) => jobId);
}

function firstOf(one: LetterTruth, other: LetterTruth): LetterTruth {
  return RANK.indexOf(one) < RANK.indexOf(other) ? one : other;
}

async function truthsAt(
  redis: RedisConnection,
  home: Home,
  { id: runId }: Run,
  letters: readonly PlannedLetter[],
): Promise<LetterTruth[]> {
  const truths: LetterTruth[] = [];
  for (let start = 0; start < letters.length; start += CHUNK) {
    const some = letters.slice(start, start + CHUNK);
    const transaction = redis.multi();
    for (const { jobId } of some) {
      transaction.zscore(queueKey(home, 'failed'), jobId);
      transaction.hmget(queueKey(home, jobId), 'timestamp', 'finishedOn', 'progress');
    }
    const replies = ((await transaction.exec()) ?? []).map(([, reply]) => reply);
    for (const [index, { diedAtMs }] of some.entries()) {
      const [score, fields] = replies.slice(2 * index) as [string | null, (string | null)[]];
      truths.push(truthOf({ isDead: score !== null, fields, diedAtMs, runId }));
    }
  }
  return truths;
}

interface Found {
  readonly isDead: boolean;
  readonly fields: readonly (string | null)[];
  readonly diedAtMs: number;
  readonly runId: string;
}

function truthOf({ isDead, fields, diedAtMs, runId }: Found): LetterTruth {
  const [timestamp, finishedOn, progress] = fields;
  if (timestamp === null) return 'gone';
  if (isDead && Number(finishedOn) === diedAtMs) return 'as_planned';
  if (readMarks(JSON.parse(progress ?? 'null')).runId !== runId) return 'elsewhere';
  return isDead ? 'dead_again' : 'queued';
}
