import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type DeadLetter, dropOldLetters, type RedisConnection, recordAudit } from '@callpost/queue';
import type { ErrorLog, Logger, Metrics } from '@callpost/telemetry';

export interface RetentionOptions {
  readonly redis: RedisConnection;
  readonly channels: () => readonly string[];
  /** Null: dead letters are kept until a person replays or discards them. */
  readonly retentionDays: number | null;
  /** Where letters are appended before they are dropped, one JSON line each; null: they are not. */
  readonly exportFolder: string | null;
  readonly metrics: Metrics;
  readonly channelLabel: (channel: string) => string;
  readonly logger: Logger;
  readonly errorLog: ErrorLog;
  /** Unix ms. */
  readonly now: () => number;
}

const CHECK_MS = 10 * 60_000;
const DAY_MS = 86_400_000;

/** Drops dead letters that are older than DLQ_RETENTION_DAYS, now and every ten minutes; does nothing without it. */
export function startRetention(options: RetentionOptions): { stop(): Promise<void> } {
  const { channels, retentionDays, errorLog } = options;
  if (retentionDays === null) return { stop: async () => undefined };
  const stopping = new AbortController();
  let underWay: Promise<void> = Promise.resolve();
  const dropAll = async () => {
    for (const channel of channels()) await drop(channel, retentionDays, stopping.signal, options);
  };
  const check = () => {
    underWay = underWay
      .then(dropAll)
      .catch((error: unknown) => errorLog.report('dropping old dead letters failed', error));
  };
  check();
  const timer = setInterval(check, CHECK_MS);
  return {
    /** Resolves when what was dropped is told. */
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await underWay;
    },
  };
}

/** Several workers may do this at a time: a letter is dropped by one of them, and may be in the export of each. */
async function drop(
  channel: string,
  retentionDays: number,
  signal: AbortSignal,
  options: RetentionOptions,
): Promise<void> {
  const { redis, exportFolder, metrics, channelLabel, logger, now } = options;
  const diedBeforeMs = now() - retentionDays * DAY_MS;
  await dropOldLetters(redis, {
    channel,
    diedBeforeMs,
    signal,
    async keepCopy(letters) {
      if (exportFolder !== null) await appendLetters(exportFolder, channel, letters);
    },
    async onDropped(dropped) {
      metrics.deadLettersDropped.inc({ channel: channelLabel(channel) }, dropped);
      logger.warn(
        { channel, dropped, retentionDays, exportFolder },
        'dead letters dropped because of their age',
      );
      await recordAudit(redis, {
        atMs: now(),
        who: `DLQ_RETENTION_DAYS=${retentionDays}`,
        via: 'worker',
        action: 'drop',
        channel,
        filter: { untilMs: diedBeforeMs },
        counts: { dropped },
        comment: exportFolder === null ? null : 'exported before',
      });
    },
  });
}

/** Readable by this user only, since the letters are whole: they hold personal data. */
async function appendLetters(folder: string, channel: string, letters: readonly DeadLetter[]): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const lines = letters.map((letter) => `${JSON.stringify(letter)}\n`).join('');
  await appendFile(join(folder, `dead-letters-${channel}.ndjson`), lines, { mode: 0o600, flush: true });
}
