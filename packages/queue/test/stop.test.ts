import { eventually } from '@callpost/testkit';
import { expect, it } from 'vitest';
import type { ChannelBrake } from '../src/index.js';
import { consume, counts, plain, redis } from './consume-stage.js';
import { DELIVERED } from './test-consumer.js';

/** Longer than any test may take. */
const ENDLESS_MS = 600_000;

/** One that lets everything through, and is told first. */
function openBrake(onAsk: () => void): ChannelBrake {
  const brake: Partial<ChannelBrake> = {
    async holdBackMs() {
      onAsk();
      return 0;
    },
    mayTakeNow: () => true,
    follow: () => undefined,
    stop: () => undefined,
  };
  return brake as ChannelBrake;
}

it('does not wait for a Redis that was away when it asked for an event', async () => {
  await redis.crash();
  const consumer = consume(async () => DELIVERED);
  expect(await consumer.stop(ENDLESS_MS)).toBe(0);
  await redis.restart();
});

it('hands back an event that Redis gives it after it has gone', async () => {
  await plain.add('call-event', { id: '1' });
  let hasAsked = false;
  const consumer = consume(async () => DELIVERED, {
    // The gate is the last before the event is asked for.
    brake: openBrake(() => {
      if (!hasAsked) redis.freeze();
      hasAsked = true;
    }),
  });
  await eventually(() => expect(hasAsked).toBe(true));
  expect(await consumer.stop(ENDLESS_MS)).toBe(0);
  redis.thaw();
  await eventually(async () => expect(await counts()).toMatchObject({ waiting: 1, in_flight: 0 }));
});

it('counts an event whose settling Redis refuses while it stops', async () => {
  await plain.add('call-event', { id: '1' });
  let deliver: () => void = () => undefined;
  const isDelivered = new Promise<void>((resolve) => {
    deliver = resolve;
  });
  const consumer = consume(() => isDelivered.then(() => DELIVERED));
  await eventually(async () => expect(await counts()).toMatchObject({ in_flight: 1 }));
  const stopped = consumer.stop(ENDLESS_MS);
  await redis.client.config('SET', 'min-replicas-to-write', '1');
  deliver();
  expect(await stopped).toBe(1);
  await redis.client.config('SET', 'min-replicas-to-write', '0');
  expect(await counts()).toMatchObject({ in_flight: 1 });
});
