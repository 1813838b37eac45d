import { eventually, sampleEvent, sampleEvents } from '@callpost/testkit';
import { expect, it } from 'vitest';
import { createCallEventQueue, createReplayer, findDeadLetter, type TakenEvent } from '../src/index.js';
import { consume, counts, letters, plain, redis } from './consume-stage.js';
import { DELIVERED, dead } from './test-consumer.js';

it('sends the same event again with a fresh count of attempts, and keeps the evidence', async () => {
  const queue = createCallEventQueue({ redis: redis.url });
  await queue.send(sampleEvent({ id: 'event-1' }));
  let isHealed = false;
  const seen: TakenEvent[] = [];
  consume(async (taken) => {
    seen.push(taken);
    return isHealed ? DELIVERED : dead(taken);
  });
  const letter = await eventually(
    async () => (await findDeadLetter(redis.client, 'default', 'event-1')) ?? false,
  );
  expect(await queue.send(sampleEvent({ id: 'event-1' }))).toMatchObject({
    status: 'duplicate',
    first: 'dead',
  });

  const replayer = createReplayer({
    redis: redis.client,
    channel: 'default',
    now: () => 1_800_000_000_000,
  });
  expect(await replayer.replay(letter.jobId)).toBe('replayed');
  const second = await eventually(async () => {
    const found = await findDeadLetter(redis.client, 'default', 'event-1');
    return found?.replays === 1 && found;
  });
  expect(second.attempts).toHaveLength(2);
  expect(seen[1]).toMatchObject({
    attempt: 1,
    origin: 'replay',
    queuedAtMs: 1_800_000_000_000,
    data: letter.event,
  });

  isHealed = true;
  expect(await replayer.replay(letter.jobId)).toBe('replayed');
  await eventually(async () => expect(await letters()).toEqual([]));
  expect(await replayer.replay(letter.jobId)).toBe('not_dead');
  expect(await queue.send(sampleEvent({ id: 'event-1' }))).toMatchObject({ first: 'delivered' });
  await replayer.close();
  await queue.close();
});

it('lets live events go first', async () => {
  await plain.addBulk(sampleEvents(3, 'old').map((data) => ({ name: 'call-event', data })));
  const first = consume(async (taken) => dead(taken));
  await eventually(async () => expect((await counts()).dead).toBe(3));
  await first.stop(0);
  const replayer = createReplayer({ redis: redis.client, channel: 'default', now: Date.now });
  for (const { jobId } of await letters()) await replayer.replay(jobId);
  await plain.addBulk(sampleEvents(3, 'live').map((data) => ({ name: 'call-event', data })));
  // Of one call: two of the replayed ones wait for the first.
  expect(await counts()).toMatchObject({ waiting: 4, parked: 2 });
  const order: string[] = [];
  consume(
    async (taken) => {
      order.push((taken.data as { id: string }).id.split('-')[0] ?? '');
      return DELIVERED;
    },
    { concurrency: 1 },
  );
  await eventually(() => order.length === 6);
  expect(order).toEqual(['live', 'live', 'live', 'old', 'old', 'old']);
  await replayer.close();
});
