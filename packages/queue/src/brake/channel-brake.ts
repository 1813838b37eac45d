import { randomUUID } from 'node:crypto';
import type { ChannelSignal } from '@callpost/domain';
import type { RedisConnection } from '../redis.js';
import { type Answer, type BrakeTuning, createBrakeScript, type Report } from './brake-script.js';
import { type ChannelState, stateOf } from './channel-state.js';
import { type StoppedPoint, stoppedMsBetween } from './stopped-time.js';

export interface ChannelBrakeOptions {
  readonly channel: string;
  /** Made by `connectRedis(url, 'worker')`. */
  readonly redis: RedisConnection;
  /** Events in flight at a time, in this process. */
  readonly concurrency: number;
  readonly tuning: BrakeTuning;
  readonly observer: BrakeObserver;
  /** Unix ms. */
  readonly now: () => number;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
}

export interface BrakeObserver {
  /** What this worker reported, or asked, changed the state; another worker does not tell of it too. */
  onChange(state: ChannelState, from: ChannelState['state']): void;
  /** A person has paused the channel or ended the pause; every worker tells of it. */
  onPause(state: ChannelState): void;
  /** Of Redis. */
  onError(error: Error): void;
}

/** One event that may be posted now. */
export interface AdmittedAttempt {
  /**
   * To be told what came of it, exactly once. Resolves with whether a refusal is the channel's, not the event's: then
   * the event goes back to the queue and has spent no attempt.
   */
  end(signal: ChannelSignal): Promise<{ readonly isHeldBack: boolean }>;
}

/** A worker's hand on the brake of a channel, which is in Redis and the same for the whole fleet. */
export interface ChannelBrake {
  /** Before an event is posted; null: not now, it goes back to the queue. */
  admit(): Promise<AdmittedAttempt | null>;
  /** Events this process may have in flight, by what it last heard. */
  limit(): number;
  /** Before an event is taken: how long to wait before asking again, in ms; 0: take it. May ask Redis. */
  holdBackMs(): Promise<number>;
  /** The same without asking: false also when it would have to ask. */
  mayTakeNow(): boolean;
  /** From 0 to 1: how much of its configured rate the channel may use now. */
  rate(): number;
  /** For how long since then nothing could be delivered; an event does not age meanwhile. */
  brakedMsSince(sinceMs: number): number;
  /** The secret or the URL has changed: a channel that is braked or held is tried at once. */
  probeNow(): void;
  state(): ChannelState;
  /** Calls the listener whenever the limit or the rate may have changed. */
  follow(listener: (limit: number, rate: number) => void): void;
  stop(): void;
}

/** What was heard is good for so long; after that Redis is asked before the next event is taken. */
const FRESH_MS = 250;
/** Successes are told this late, so that a busy channel costs a few reports a second. */
const LAZY_MS = 200;
/** How often a channel that does not flow is asked after; up to a quarter less, so that workers spread. */
const POLL_MS = 500;

interface Seen {
  ok: number;
  failed: number;
  waitMs: number;
  isLimited: boolean;
}

const NOTHING_SEEN: Readonly<Seen> = { ok: 0, failed: 0, waitMs: 0, isLimited: false };

export function createChannelBrake(options: ChannelBrakeOptions): ChannelBrake {
  const { channel, redis, concurrency, tuning, observer, now, random } = options;
  const tell = createBrakeScript(redis, channel, tuning);
  const worker = randomUUID();
  let heard: Answer = flowingAt(now(), concurrency);
  let heardAtMs = now();
  let hasHeard = false;
  let points: readonly StoppedPoint[] = [];
  let inFlight = 0;
  let seen: Seen = { ...NOTHING_SEEN };
  let underWay: Promise<void> | null = null;
  let timer: NodeJS.Timeout | null = null;
  let isEnded = false;
  const followers: ((limit: number, rate: number) => void)[] = [];

  const isFresh = () => hasHeard && now() - heardAtMs <= FRESH_MS;
  const limit = () => (isEnded ? 0 : heard.limit);
  const redisNowMs = () => now() + heard.nowMs - heardAtMs;

  async function exchange(more: Partial<Report>): Promise<Answer> {
    const { ok, failed, waitMs, isLimited } = seen;
    seen = { ...NOTHING_SEEN };
    const answer = await tell({
      worker,
      concurrency,
      random: random(),
      epoch: heard.epoch,
      stops: points.length === 0 ? -1 : heard.stops,
      ok,
      failed,
      ...(waitMs > 0 ? { waitMs } : {}),
      ...(isLimited ? { isLimited } : {}),
      ...more,
    });
    hear(answer);
    return answer;
  }

  function hear(answer: Answer): void {
    const { cameFrom, pause } = answer;
    const hadPause = heard.pause;
    if (answer.epoch !== heard.epoch)
      seen = { ...NOTHING_SEEN, waitMs: seen.waitMs, isLimited: seen.isLimited };
    if (answer.history !== undefined) points = JSON.parse(answer.history);
    heard = answer;
    heardAtMs = now();
    hasHeard = true;
    if (cameFrom !== answer.state) observer.onChange(stateOf(answer), cameFrom);
    if (pause !== hadPause) observer.onPause(stateOf(answer));
    for (const follower of followers) follower(answer.limit, answer.rate);
    plan();
  }

  /** One report at a time; what is seen meanwhile goes with the next. */
  function report(): Promise<void> {
    underWay ??= exchange({})
      .then(() => undefined, observer.onError)
      .finally(() => {
        underWay = null;
        if (isUrgent()) void report();
      });
    return underWay;
  }

  const isUrgent = () =>
    seen.failed > 0 || seen.waitMs > 0 || seen.isLimited || (seen.ok > 0 && heard.state === 'recovering');

  /** The next report that nothing else brings about: successes, and a channel that does not flow. */
  function plan(): void {
    if (timer !== null || isEnded) return;
    const isWatched = inFlight > 0 && (heard.state !== 'flowing' || heard.pause !== '');
    if (seen.ok === 0 && !isWatched) return;
    timer = setTimeout(
      () => {
        timer = null;
        void report();
      },
      seen.ok > 0 ? LAZY_MS : POLL_MS * (1 - random() / 4),
    );
    timer.unref();
  }

  async function end(signal: ChannelSignal, epoch: number, isProbe: boolean) {
    inFlight -= 1;
    const isOld = epoch !== heard.epoch && !isProbe;
    const waitMs = 'waitMs' in signal ? signal.waitMs : null;
    if (signal.kind === 'refused') {
      const probe = isProbe ? ({ probe: 'refused' } as const) : {};
      const answer = await exchange({ refused: signal.status, refusedEpoch: epoch, ...probe }).catch(giveUp);
      return { isHeldBack: answer !== null && !answer.isLetter };
    }
    if (isProbe) {
      const probe = signal.kind === 'limited' ? 'failed' : signal.kind;
      const isLimited = signal.kind === 'limited';
      await exchange({ probe, ...(waitMs === null ? {} : { waitMs }), isLimited }).catch(giveUp);
      return { isHeldBack: false };
    }
    if (signal.kind === 'none') return { isHeldBack: false };
    if (!isOld && signal.kind === 'ok') seen.ok += 1;
    if (!isOld && signal.kind === 'failed') seen.failed += 1;
    seen.waitMs = Math.max(seen.waitMs, waitMs ?? 0);
    seen.isLimited ||= signal.kind === 'limited';
    if (isUrgent()) void report();
    plan();
    return { isHeldBack: false };
  }

  function giveUp(error: unknown): null {
    observer.onError(error instanceof Error ? error : new Error(String(error)));
    return null;
  }

  return {
    limit,
    mayTakeNow: () => isFresh() && inFlight < limit(),
    async holdBackMs() {
      if (!isFresh()) await (isProbed(heard) ? exchange({ wantsProbe: 'take' }).catch(giveUp) : report());
      if (inFlight < limit()) return 0;
      return askAgainInMs();
    },
    async admit() {
      if (!isFresh()) await report();
      if (isProbed(heard)) {
        if (inFlight > 0 || !heard.isProber) return null;
        inFlight += 1;
        const answer = await exchange({ wantsProbe: 'post' }).catch(giveUp);
        if (answer?.isProber !== true) {
          inFlight -= 1;
          return null;
        }
        return { end: (signal) => end(signal, answer.epoch, true) };
      }
      if (inFlight >= limit()) return null;
      inFlight += 1;
      const { epoch } = heard;
      plan();
      return { end: (signal) => end(signal, epoch, false) };
    },
    rate: () => heard.rate,
    brakedMsSince: (sinceMs) =>
      stoppedMsBetween({ points, stoppedAtMs: heard.stoppedAtMs }, sinceMs, redisNowMs()),
    probeNow() {
      exchange({ action: 'probe' }).catch(giveUp);
    },
    state: () => stateOf(heard),
    follow(listener) {
      followers.push(listener);
    },
    stop() {
      isEnded = true;
      if (timer !== null) clearTimeout(timer);
    },
  };

  function askAgainInMs(): number {
    const { state, probeAtMs, untilMs } = heard;
    const dueMs = state === 'waiting' ? untilMs : isProbed(heard) ? probeAtMs : Number.POSITIVE_INFINITY;
    const untilDueMs = dueMs - redisNowMs();
    const pollMs = POLL_MS * (1 - random() / 4);
    return Math.max(1, Math.ceil(untilDueMs > 0 ? Math.min(pollMs, untilDueMs) : pollMs));
  }
}

function isProbed({ state }: Answer): boolean {
  return state === 'braked' || state === 'held';
}

/** Before the first answer: nothing is taken on the strength of it, since it is not fresh. */
function flowingAt(nowMs: number, limit: number): Answer {
  return {
    nowMs,
    cameFrom: 'flowing',
    state: 'flowing',
    sinceMs: nowMs,
    epoch: -1,
    limit,
    isProber: false,
    probeAtMs: 0,
    untilMs: 0,
    window: 0,
    status: 0,
    pause: '',
    rate: 1,
    isLetter: true,
    isDone: true,
    stoppedAtMs: 0,
    stops: -1,
  };
}
