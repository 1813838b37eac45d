import type { AttemptRecord } from '@callpost/domain';
import type { DeadLetter } from '@callpost/queue';

/** The attempts between one sending of an event and its death, or what is remembered of them. */
export interface Life {
  /** `before the first replay`, `after replay 2`. */
  readonly when: string;
  /** Oldest first. */
  readonly attempts: readonly AttemptRecord[];
}

/**
 * A letter's attempts by its lives, oldest first. Attempts are counted anew after each replay; a life of which no
 * attempt is remembered cannot be told from one that never was, so not every life can be named.
 */
export function livesOf({ attempts, replays, lastAttempt }: DeadLetter): Life[] {
  const lives: AttemptRecord[][] = [];
  for (const record of attempts) {
    const life = lives.at(-1);
    const before = life?.at(-1);
    if (life === undefined || before === undefined || record.attempt <= before.attempt) lives.push([record]);
    else life.push(record);
  }
  return lives.map((life, index) => {
    const isLast = index === lives.length - 1;
    return { when: whenOf(index, isLast), attempts: life };
  });

  function whenOf(index: number, isLast: boolean): string {
    if (lives.length === replays + 1)
      return index === 0 ? 'before the first replay' : `after replay ${index}`;
    if (isLast) return lastAttempt === null ? 'after a replay, or before' : 'after the last replay';
    return 'before the last replay';
  }
}
