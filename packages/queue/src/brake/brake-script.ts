import { queueKey } from '../names.js';
import type { RedisConnection } from '../redis.js';
import { redisScript } from '../redis-script.js';
import { BRAKE_RULES, REDIS_CLOCK } from './brake-lua.js';

/** `braked`: Re:amaze fails. `waiting`: it asked for a pause. `held`: it refuses the channel. A person's pause is apart. */
export const BRAKE_STATES = ['flowing', 'braked', 'recovering', 'waiting', 'held'] as const;

export type BrakeState = (typeof BRAKE_STATES)[number];

/** How the brake of a channel behaves; the same in every worker, or the last one to act decides. */
export interface BrakeTuning {
  /** From braking to the first probe; doubles with each that fails. */
  readonly cooldownMs: number;
  readonly maxCooldownMs: number;
  /** So many refusals of the channel in a row hold it. */
  readonly holdThreshold: number;
  /** A probe that has not come back for so long is given up, and another worker probes. Above the longest attempt. */
  readonly probeMs: number;
}

/** What a worker, or a person, tells the brake. All of it may be absent: then it only asks. */
export interface Report {
  /** Who asks for a share; absent for a person. */
  readonly worker?: string;
  /** Events this worker may have in flight at most. */
  readonly concurrency?: number;
  /** From 0 up to, not including, 1: for the jitter. */
  readonly random: number;
  /** The epoch in which the attempts began that are reported here. */
  readonly epoch?: number;
  readonly ok?: number;
  readonly failed?: number;
  /** Re:amaze asked to be left alone for so long. */
  readonly waitMs?: number;
  readonly isLimited?: boolean;
  /** The status of one refusal, and the epoch in which its attempt began. */
  readonly refused?: number;
  readonly refusedEpoch?: number;
  /** What came of the probe. */
  readonly probe?: 'ok' | 'failed' | 'refused' | 'none';
  readonly wantsProbe?: 'take' | 'post';
  readonly action?: 'pause' | 'resume' | 'release' | 'probe';
  /** Changes nothing. */
  readonly isLook?: true;
  readonly who?: string;
  readonly reason?: string;
  /** The `stops` of the last answer: the history comes only when it has changed. */
  readonly stops?: number;
}

/** What the script answers. Times are Redis's, Unix ms. */
export interface Answer {
  readonly nowMs: number;
  readonly cameFrom: BrakeState;
  readonly state: BrakeState;
  /** 0: always so far. */
  readonly sinceMs: number;
  readonly epoch: number;
  /** Events this worker may have in flight now. */
  readonly limit: number;
  readonly isProber: boolean;
  readonly probeAtMs: number;
  readonly untilMs: number;
  /** While recovering: events the whole fleet may have in flight. */
  readonly window: number;
  /** While held: with what Re:amaze refuses. */
  readonly status: number;
  /** JSON of a pause, or empty. */
  readonly pause: string;
  /** Share of the configured rate, up to 1. */
  readonly rate: number;
  /** Of a reported refusal: it is the event's, not the channel's. */
  readonly isLetter: boolean;
  /** Of an action: there was something to do. */
  readonly isDone: boolean;
  /** 0 while events are delivered. */
  readonly stoppedAtMs: number;
  readonly stops: number;
  /** JSON: `[whenMs, stoppedMsUntilThen]`, rising. */
  readonly history?: string;
}

function brakeKeys(channel: string) {
  return {
    brake: queueKey(channel, 'callpost:brake'),
    workers: queueKey(channel, 'callpost:brake:workers'),
  };
}

export type TellBrake = (report: Report) => Promise<Answer>;

/** @param clock Lua that sets `now`; only tests have another one than Redis's */
export function createBrakeScript(
  redis: RedisConnection,
  channel: string,
  tuning: BrakeTuning,
  clock = REDIS_CLOCK,
): TellBrake {
  const run = redisScript<string>('callpostBrake', 2, clock + BRAKE_RULES);
  const { brake, workers } = brakeKeys(channel);
  const tuningText = JSON.stringify(tuning);
  return async (report) => JSON.parse(await run(redis, brake, workers, JSON.stringify(report), tuningText));
}
