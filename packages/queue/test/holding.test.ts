import { eventually, sampleEvent } from '@callpost/testkit';
import { describe, expect, it } from 'vitest';
import type { Settlement, TakenEvent } from '../src/index.js';
import { consume, consumers, counts, plain, redis } from './consume-stage.js';
import { DELIVERED } from './test-consumer.js';

describe('stopping', () => {
  it('lets what is in flight finish', async () => {
    await plain.add('call-event', sampleEvent({ id: 'event-1' }));
    let finish: (settlement: Settlement) => void = () => undefined;
    const taken = new Promise<void>((started) => {
      consume(() => {
        started();
        return new Promise((resolve) => {
          finish = resolve;
        });
      });
    });
    await taken;
    const stopped = consumers[0]?.stop(60_000);
    finish(DELIVERED);
    await stopped;
    expect(await counts()).toMatchObject({ waiting: 0, in_flight: 0 });
  });

  it('hands back what takes too long: no attempt spent, and a trace that it may have arrived', async () => {
    await plain.add('call-event', sampleEvent({ id: 'event-1' }));
    const reasons: unknown[] = [];
    const taken = new Promise<void>((started) => {
      consume((_, interrupt) => {
        started();
        return new Promise((resolve) => {
          interrupt.onRaise(() => {
            reasons.push(interrupt.reason);
            resolve({ outcome: 'interrupted', reason: 'shutdown', mayHaveArrived: true });
          });
        });
      });
    });
    await taken;
    await consumers[0]?.stop(0);
    expect(reasons).toEqual(['shutdown']);
    expect(await counts()).toMatchObject({ waiting: 1, in_flight: 0, retrying: 0 });
    const again = new Promise<TakenEvent>((resolve) => {
      consume(async (event) => {
        resolve(event);
        return DELIVERED;
      });
    });
    expect(await again).toMatchObject({ attempt: 1, possiblyDelivered: true });
  });
});

describe('a lost lock', () => {
  it('interrupts the attempt, so that nobody else posts at the same time', async () => {
    await plain.add('call-event', sampleEvent({ id: 'event-1' }));
    const log: string[] = [];
    consume(
      (taken, interrupt) => {
        log.push(`start ${taken.attempt}`);
        if (log.length > 1) return Promise.resolve(DELIVERED);
        return new Promise((resolve) => {
          interrupt.onRaise(() => {
            log.push(String(interrupt.reason));
            resolve({ outcome: 'interrupted', reason: 'lock_lost', mayHaveArrived: true });
          });
        });
      },
      { lockDurationMs: 400 },
    );
    await eventually(() => log.length === 1);
    await redis.client.del('bull:{voice-default}:1:lock');
    await eventually(async () => {
      expect(log).toEqual(['start 1', 'lock_lost', 'start 1']);
      expect(await counts()).toMatchObject({ waiting: 0, in_flight: 0, retrying: 0, dead: 0 });
    });
  });
});

it('a worker that was frozen between taking an event and posting it hands it back: the lock may be gone', async () => {
  await plain.add('call-event', sampleEvent({ id: 'event-1' }));
  let looks = 0;
  const taken: TakenEvent[] = [];
  consume(
    async (event) => {
      taken.push(event);
      return DELIVERED;
    },
    // Only the first look at the clock is late.
    { lockDurationMs: 60_000, now: () => Date.now() + (looks++ === 0 ? 40_000 : 0) },
  );
  await eventually(async () => expect(await counts()).toMatchObject({ waiting: 0, in_flight: 0, dead: 0 }));
  expect(taken).toMatchObject([{ attempt: 1, possiblyDelivered: false }]);
  expect(looks).toBeGreaterThan(1);
});
