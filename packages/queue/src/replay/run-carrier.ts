import { randomUUID } from 'node:crypto';
import { sweepCalls } from '../letters/newer-delivered.js';
import { openRedis, type RedisConnection } from '../redis.js';
import { type CarriedRun, takeOverRun } from './carry-run.js';
import { moveRun } from './control-run.js';
import { createLease, type Lease, LeaseLostError } from './lease.js';
import { createReplayer, type Replayer } from './replayer.js';
import { type ReplayRun, readRun, runKeys } from './run.js';
import { type RunReport, readReport } from './run-results.js';

export interface RunCarrierOptions {
  readonly channel: string;
  /**
   * Made by `connectRedis(url, 'tool')`, which sends no command a second time when a connection breaks: a letter that
   * died again meanwhile would be sent twice.
   */
  readonly redis: RedisConnection;
  /** Which worker it is, for people who look into Redis. */
  readonly workerName: string;
  /** Unix ms. */
  readonly now: () => number;
  readonly onRunEnded: (run: ReplayRun, report: RunReport) => void;
  readonly onError: (error: unknown) => void;
  /** How long a dead worker keeps a run. Default 10 s. */
  readonly leaseMs?: number;
}

export interface RunCarrier {
  start(): void;
  /** Resolves when nothing more is sent. */
  stop(): Promise<void>;
}

/** Between two looks for runs to carry out, and between two steps of one. */
const IDLE_MS = 1_000;
const STEP_MS = 50;
const DEFAULT_LEASE_MS = 10_000;

/** Carries out the replay runs of a channel, as every worker offers to; the lease of a run decides who does. */
export function createRunCarrier(options: RunCarrierOptions): RunCarrier {
  const { channel, redis, workerName, now, onRunEnded, onError } = options;
  let replayer: Replayer | undefined;
  // Not the name alone: two containers may have one host name and one pid.
  const token = `${workerName}:${randomUUID()}`;
  const carried = new Map<string, { lease: Lease; run: CarriedRun }>();
  let timer: NodeJS.Timeout | undefined;
  let current: Promise<void> = Promise.resolve();
  let isStopped = false;

  async function carryAll(): Promise<void> {
    await openRedis(redis);
    const runIds = await redis.smembers(runKeys(channel, '').running);
    for (const runId of runIds) if (!isStopped) await carry(runId).catch(onError);
    for (const runId of [...carried.keys()]) if (!runIds.includes(runId)) await letGo(runId);
  }

  async function carry(runId: string): Promise<void> {
    try {
      const mine = carried.get(runId) ?? (await takeOver(runId));
      if (mine === null) return;
      const run = await readRun(redis, channel, runId);
      if (run?.state !== 'running' || !(await mine.lease.renew())) return letGo(runId);
      const outcome = await mine.run.step(run, now());
      if (outcome === 'going_on') return;
      await endRun(runId, outcome === 'at_end' ? 'finish' : 'stop_by_canary');
      await letGo(runId);
    } catch (error) {
      if (!(error instanceof LeaseLostError)) throw error;
      await letGo(runId);
    }
  }

  async function takeOver(runId: string) {
    const { lease: key } = runKeys(channel, runId);
    const durationMs = options.leaseMs ?? DEFAULT_LEASE_MS;
    const lease = createLease(redis, { key, token, durationMs });
    const run = await readRun(redis, channel, runId);
    if (run?.state !== 'running' || !(await lease.take())) return null;
    replayer ??= createReplayer({ redis, channel, now });
    try {
      const mine = { lease, run: await takeOverRun({ redis, replayer, lease }, run, now()) };
      carried.set(runId, mine);
      return mine;
    } catch (error) {
      await lease.release();
      throw error;
    }
  }

  async function endRun(runId: string, move: 'finish' | 'stop_by_canary'): Promise<void> {
    const planned = await readRun(redis, channel, runId);
    const by = { who: planned?.who ?? workerName, via: 'worker', comment: null };
    const answer = await moveRun(redis, { channel, runId, move, by, nowMs: now() });
    if (answer.status !== 'moved') return;
    onRunEnded(answer.run, await readReport(redis, answer.run));
    await sweepCalls(redis, channel);
  }

  async function letGo(runId: string): Promise<void> {
    const mine = carried.get(runId);
    carried.delete(runId);
    await mine?.lease.release();
  }

  function schedule(): void {
    if (isStopped) return;
    timer = setTimeout(
      () => {
        current = carryAll().catch(onError).finally(schedule);
      },
      carried.size > 0 ? STEP_MS : IDLE_MS,
    );
  }

  return {
    start: schedule,
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await current;
      for (const runId of [...carried.keys()]) await letGo(runId).catch(onError);
      await replayer?.close();
    },
  };
}
