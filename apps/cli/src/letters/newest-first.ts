import {
  type DeadLetter,
  type DeadLetterFilter,
  type RedisConnection,
  readDeadLetters,
} from '@callpost/queue';

/** The letters of several channels in one row, newest death first. */
export async function* newestFirst(
  redis: RedisConnection,
  channels: readonly string[],
  filter: DeadLetterFilter,
): AsyncGenerator<DeadLetter> {
  const sources = channels.map((channel) => readDeadLetters(redis, channel, filter));
  let heads = await Promise.all(sources.map(nextOf));
  for (;;) {
    const newest = heads.reduce(newer, null);
    if (newest === null) return;
    yield newest.letter;
    const next = await nextOf(newest.source);
    heads = heads.map((head) => (head === newest ? next : head));
  }
}

interface Head {
  readonly letter: DeadLetter;
  readonly source: AsyncGenerator<DeadLetter>;
}

async function nextOf(source: AsyncGenerator<DeadLetter>): Promise<Head | null> {
  const { value, done } = await source.next();
  return done === true ? null : { letter: value, source };
}

function newer(a: Head | null, b: Head | null): Head | null {
  if (a === null || b === null) return a ?? b;
  return b.letter.diedAtMs > a.letter.diedAtMs ? b : a;
}
