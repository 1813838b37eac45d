import {
  EXCERPT_LENGTH,
  faultText,
  judgeAttempt,
  maskEcho,
  parseCallEvent,
  type RetryPolicy,
  serialiseEvent,
  signalOf,
  stampCreatedAt,
  type WithheldCallers,
  warningsOf,
} from '@callpost/domain';
import type { ChannelBrake, Deliver, Settlement, TakenEvent } from '@callpost/queue';
import { sign } from '@callpost/signature';
import type { AttemptEntry } from '@callpost/telemetry';
import type { Channel } from './channel.js';
import { type Conclusion, entryOf, settlementOf } from './conclusion.js';
import type { InFlight } from './health.js';

export interface DeliverOptions {
  readonly channel: Pick<Channel, 'name' | 'post' | 'signingKey'>;
  readonly brake: Pick<ChannelBrake, 'admit' | 'brakedMsSince'>;
  readonly retryPolicy: RetryPolicy;
  readonly withheldCallers: WithheldCallers;
  readonly workerName: string;
  /** What is on its way to Re:amaze. */
  readonly posts: Pick<InFlight, 'track'>;
  readonly observe: (entry: AttemptEntry, taken: TakenEvent) => void;
  /** Unix ms. */
  readonly now: () => number;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
}

/** The brake came on between taking the event and posting it. Nothing was attempted, so there is nothing to tell. */
const BRAKED: Settlement = { outcome: 'interrupted', reason: 'channel_braked', mayHaveArrived: false };

/** The way of one event, once it is taken from the queue: check, serialise once, sign, post, judge, tell. */
export function createDeliver(options: DeliverOptions): Deliver {
  const { channel, brake, retryPolicy, withheldCallers, workerName, posts, observe, now, random } = options;

  return async (taken, interrupt) => {
    const startedAtMs = now();
    const parsed = parseCallEvent(taken.data, { withheldCallers });
    if (!parsed.ok) {
      return tell({
        channel: channel.name,
        workerName,
        taken,
        startedAtMs,
        finishedAtMs: now(),
        verdict: { outcome: 'dead', reason: 'invalid_event' },
        faults: parsed.faults.map(faultText),
      });
    }

    const event = stampCreatedAt(parsed.event, taken.enqueuedAtMs);
    const body = Buffer.from(serialiseEvent(event), 'utf8');
    const admitted = await brake.admit();
    if (admitted === null) return BRAKED;
    const { result, readResponse, code } = await posts.track(
      channel.post(body, sign(body, channel.signingKey()), interrupt),
    );

    const finishedAtMs = now();
    const { retryAfterCapMs } = retryPolicy;
    const { isHeldBack } = await admitted.end(signalOf(result, { nowMs: finishedAtMs, retryAfterCapMs }));
    const { attempt, queuedAtMs } = taken;
    const circumstances = {
      attempt,
      queuedAtMs,
      nowMs: finishedAtMs,
      stoppedMs: brake.brakedMsSince(queuedAtMs),
      isChannelHeld: isHeldBack,
      random: random(),
    };
    const verdict = judgeAttempt(result, circumstances, retryPolicy);
    return tell({
      channel: channel.name,
      workerName,
      taken,
      startedAtMs,
      finishedAtMs,
      verdict,
      result,
      code,
      excerpt:
        verdict.outcome === 'delivered' ? '' : maskEcho(readResponse(), event).slice(0, EXCERPT_LENGTH),
      warnings: warningsOf(event),
    });
  };

  function tell(conclusion: Conclusion) {
    observe(entryOf(conclusion), conclusion.taken);
    return settlementOf(conclusion);
  }
}
