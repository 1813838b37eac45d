import { within } from './within.js';

export interface Reading<T> {
  /** Reads anew unless the last reading is fresh. Never rejects, and waits at most the time-out. */
  refresh(): Promise<void>;
  /** The last reading while it may still be shown; null before the first and once it has grown too old. */
  latest(): Read<T> | null;
  /** Unix ms of the last reading, however old; null for never. */
  readAtMs(): number | null;
}

interface Read<T> {
  readonly value: T;
  /** Unix ms. */
  readonly atMs: number;
}

export interface ReadingOptions<T> {
  readonly read: () => Promise<T>;
  readonly onError: (error: unknown) => void;
  /** Called with each reading, in the order of time. */
  readonly onRead: (read: Read<T>) => void;
  /** Unix ms. */
  readonly now: () => number;
}

/** Scrapes closer together than this share one reading. */
const FRESH_FOR_MS = 5_000;
/** A scrape does not wait longer for Redis, and shows what there is. */
const READ_TIMEOUT_MS = 2_000;
/**
 * What is older is not shown any more: with several workers the greatest value is taken, and one that lost its Redis
 * would go on outvoting the others. Long enough for two scrapes at 15 s to fail.
 */
const SHOWN_FOR_MS = 40_000;

/**
 * Something that is read from Redis for `/metrics`, so that a slow Redis makes no scrape hang and no figure wrong. A
 * reading counts from the moment it was asked for: an answer that comes a minute late is a minute old.
 */
export function createReading<T>({ read, onRead, onError, now }: ReadingOptions<T>): Reading<T> {
  let last: Read<T> | null = null;
  let reading: Promise<void> | null = null;

  async function readOnce(): Promise<void> {
    const atMs = now();
    try {
      last = { value: await read(), atMs };
      onRead(last);
    } catch (error) {
      onError(error);
    } finally {
      reading = null;
    }
  }

  return {
    async refresh() {
      if (last !== null && now() - last.atMs < FRESH_FOR_MS) return;
      reading ??= readOnce();
      await within(reading, READ_TIMEOUT_MS);
    },
    latest: () => (last !== null && now() - last.atMs < SHOWN_FOR_MS ? last : null),
    readAtMs: () => last?.atMs ?? null,
  };
}
