import type { AttemptRecord } from '@callpost/domain';
import type { DeadLetter } from '@callpost/queue';
import { expect, test } from 'vitest';
import { livesOf } from './lives.js';

const record = (attempt: number): AttemptRecord => ({
  attempt,
  atMs: 1,
  durationMs: 1,
  worker: 'host:1',
  outcome: 'dead',
  reason: 'http_422',
});

function lives(attempts: readonly number[], replays: number, isDecided = true): string[] {
  const records = attempts.map(record);
  const lastAttempt = isDecided ? (records.at(-1) ?? null) : null;
  const letter = { attempts: records, replays, lastAttempt } as unknown as DeadLetter;
  return livesOf(letter).map((life) => `${life.when}: ${life.attempts.map(({ attempt }) => attempt)}`);
}

test.each<[number[], number, string[]]>([
  [[], 0, []],
  [[1, 2], 1, ['after the last replay: 1,2']],
  [[1, 2, 1], 1, ['before the first replay: 1,2', 'after replay 1: 1']],
  [[1, 1, 1], 2, ['before the first replay: 1', 'after replay 1: 1', 'after replay 2: 1']],
  [[49, 50, 1], 3, ['before the last replay: 49,50', 'after the last replay: 1']],
])('the attempts %j of a letter replayed %i times', (attempts, replays, expected) => {
  expect(lives(attempts, replays)).toEqual(expected);
});

test('of a letter that died of stalls, the last attempt on record may be of any life', () => {
  expect(lives([1], 1, false)).toEqual(['after a replay, or before: 1']);
});
