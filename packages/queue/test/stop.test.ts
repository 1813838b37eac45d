import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@callpost/testkit';
import { expect, it } from 'vitest';
import type { ChannelBrake } from '../src/index.js';
import { consume, counts, plain, redis } from './consume-stage.js';
import { DELIVERED } from './test-consumer.js';

/** Longer than any test may take. */
const ENDLESS_MS = 600_000;

/** One that lets everything through, and is told first: the last before an event is asked for. */
function openBrake(onAsk: () => unknown): ChannelBrake {
  const brake: Partial<ChannelBrake> = {
    async holdBackMs() {
      await onAsk();
      return 0;
    },
    mayTakeNow: () => true,
    limit: () => 10,
    rate: () => 1,
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

it('has handed back, when it ends, what Redis gave it late', async () => {
  await plain.addBulk(['1', '2'].map((id) => ({ name: 'call-event', data: { id } })));
  const delivery = openable();
  const secondAsk = openable();
  let asks = 0;
  const consumer = consume(() => delivery.isOpen.then(() => DELIVERED), {
    brake: openBrake(() => {
      asks += 1;
      return asks === 1 ? undefined : secondAsk.isOpen;
    }),
  });
  await eventually(async () => expect(await counts()).toMatchObject({ in_flight: 1 }));
  await eventually(() => expect(asks).toBe(2));
  redis.freeze();
  delivery.open();
  await sleep(50);
  secondAsk.open();
  await sleep(50);
  const stopped = consumer.stop(ENDLESS_MS);
  // Later than it waits for an answer.
  await sleep(700);
  redis.thaw();
  expect(await stopped).toBe(0);
  expect(await counts()).toMatchObject({ waiting: 1, in_flight: 0 });
});

it('counts an event whose settling Redis refuses while it stops', async () => {
  const { consumer, deliver } = await withOneInFlight();
  const stopped = consumer.stop(ENDLESS_MS);
  await redis.client.config('SET', 'min-replicas-to-write', '1');
  deliver();
  expect(await stopped).toBe(1);
  await redis.client.config('SET', 'min-replicas-to-write', '0');
  expect(await counts()).toMatchObject({ in_flight: 1 });
});

it('does not count an event that was settled, though the answer was lost and it was told so on asking again', async () => {
  const { consumer, deliver } = await withOneInFlight();
  const stopped = consumer.stop(ENDLESS_MS);
  await redis.client.del('{voice-default}:1', '{voice-default}:1:lock');
  deliver();
  expect(await stopped).toBe(0);
});

async function withOneInFlight() {
  await plain.add('call-event', { id: '1' });
  const delivery = openable();
  const consumer = consume(() => delivery.isOpen.then(() => DELIVERED));
  await eventually(async () => expect(await counts()).toMatchObject({ in_flight: 1 }));
  return { consumer, deliver: delivery.open };
}

function openable() {
  let open: () => void = () => undefined;
  const isOpen = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { isOpen, open };
}
