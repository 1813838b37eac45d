import { AUDIT_KEY, type AuditEntry, entryOfFields } from './audit.js';
import { openRedis, type RedisConnection } from './redis.js';

export interface AuditLogOptions {
  /** Made by `connectRedis(url, 'tool')`. */
  readonly redis: RedisConnection;
  /** Unique to a worker that runs. */
  readonly workerName: string;
  /** Each entry of the trail, whoever made it, in one worker of the fleet. */
  readonly onEntry: (entry: AuditEntry) => void;
  readonly onError: (error: unknown) => void;
  /** Between two looks. Default 1 s. */
  readonly lookEveryMs?: number;
}

/** The workers as one reader of the stream: what one of them has read, the others are not given. */
const GROUP = 'log';
const PAGE = 100;
/** What cannot be read now can wait, and others tell of a Redis that is away. */
const FAILED_LOOKS = 10;
/** Entries that a worker took and did not confirm for so long are given to another: it has died. */
const UNCONFIRMED_MS = 60_000;

/**
 * Hands out the entries of the audit trail as they come, to be logged. A person's terminal keeps no log, and the fleet's
 * log is where one looks afterwards; so whatever was done from anywhere is logged here. At least once: an entry whose
 * worker dies right after is handed out again.
 */
export function startAuditLog(options: AuditLogOptions): { stop(): Promise<void> } {
  const { redis, workerName, onEntry, onError, lookEveryMs = 1_000 } = options;
  let timer: NodeJS.Timeout | undefined;
  let current: Promise<void> = Promise.resolve();
  let isStopped = false;
  let hasGroup = false;
  let hasFailed = false;

  async function look(): Promise<void> {
    await openRedis(redis);
    if (!hasGroup) await createGroup(redis);
    hasGroup = true;
    const claimed = await redis.xautoclaim(AUDIT_KEY, GROUP, workerName, UNCONFIRMED_MS, '0', 'COUNT', PAGE);
    await handOut((claimed as [string, Row[]])[1]);
    for (let rows = await readNew(); rows.length > 0 && !isStopped; rows = await readNew())
      await handOut(rows);
  }

  async function readNew(): Promise<Row[]> {
    const streams = await redis.xreadgroup(
      'GROUP',
      GROUP,
      workerName,
      'COUNT',
      PAGE,
      'STREAMS',
      AUDIT_KEY,
      '>',
    );
    return ((streams ?? []) as [string, Row[]][])[0]?.[1] ?? [];
  }

  async function handOut(rows: readonly Row[]): Promise<void> {
    if (rows.length === 0) return;
    for (const [, fields] of rows) {
      const entry = entryOfFields(fields ?? []);
      if (entry !== null) onEntry(entry);
    }
    await redis.xack(AUDIT_KEY, GROUP, ...rows.map(([id]) => id));
  }

  function schedule(): void {
    if (isStopped) return;
    timer = setTimeout(
      () => {
        current = look()
          .then(() => {
            hasFailed = false;
          })
          .catch((error: unknown) => {
            // A Redis that was emptied has no group any more.
            hasGroup = false;
            hasFailed = true;
            onError(error);
          })
          .finally(schedule);
      },
      hasFailed ? FAILED_LOOKS * lookEveryMs : lookEveryMs,
    );
  }

  schedule();
  return {
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await current;
      await leaveGroup(redis, workerName).catch(onError);
    },
  };
}

/** Or each deployment would leave its readers behind. One that has not confirmed something must stay, to be found. */
async function leaveGroup(redis: RedisConnection, workerName: string): Promise<void> {
  if (redis.status !== 'ready') return;
  const unconfirmed = await redis.xpending(AUDIT_KEY, GROUP, '-', '+', 1, workerName);
  if (unconfirmed.length === 0) await redis.xgroup('DELCONSUMER', AUDIT_KEY, GROUP, workerName);
}

/** Id and fields; no fields for an entry that was deleted. */
type Row = [id: string, fields: string[] | null];

/** From the beginning of the trail, so that what came before the first worker is logged too. */
async function createGroup(redis: RedisConnection): Promise<void> {
  try {
    await redis.xgroup('CREATE', AUDIT_KEY, GROUP, '0', 'MKSTREAM');
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('BUSYGROUP'))) throw error;
  }
}
