import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@callpost/testkit';
import { expect, it } from 'vitest';
import type { CallEventQueue, SendAnswer } from '../src/index.js';
import { consume, consumers, redis } from './consume-stage.js';
import { closeProducers, eventOf, layoutNow, openCount, openProducer, recorder } from './shards-stage.js';
import { DELIVERED, retryNow } from './test-consumer.js';

const CALLS = 20;
const SHARDS = [4, 2, 1, 3];

it('under load, through 1, 4, 2, 1 and 3 shards, each call stays in order and no event is taken twice', async () => {
  const seen = recorder();
  const startWorker = (shards: number) =>
    consume(
      async (taken) => {
        seen.begin(taken);
        const number = Number(taken.jobId.at(-1));
        await sleep(number % 3 === 0 ? 30 : 1);
        const isDelivered = taken.attempt > 1 || number % 5 !== 3;
        seen.end(taken, isDelivered);
        return isDelivered ? DELIVERED : retryNow(taken);
      },
      { shards, concurrency: 40 },
    );
  startWorker(1);
  await eventually(() => redis.client.sismember('callpost:channels', 'default').then(Boolean));
  // These two know one shard; they hear of each change when they are refused.
  const producers: CallEventQueue[] = [await openProducer(), await openProducer()];
  const answers: SendAnswer[] = [];
  let isOver = false;
  const sent = new Array<number>(CALLS).fill(0);

  /** Each event of a call is sent when the one before has its answer, by whichever producer; one is sent twice. */
  async function talk(call: number): Promise<void> {
    while (!isOver) {
      const number = sent[call] ?? 0;
      const producer = producers[(number + call) % producers.length];
      const event = eventOf(`call-${call}`, number);
      answers.push((await producer?.send(event)) as SendAnswer);
      sent[call] = number + 1;
      if (number % 7 === 0) answers.push((await producers.at(-1)?.send(event)) as SendAnswer);
      await sleep(10 + 4 * (call % 10));
    }
  }

  const talks = sent.map((_, call) => talk(call));
  for (const shards of SHARDS) {
    await sleep(300);
    const [old] = consumers.splice(0);
    startWorker(shards);
    await eventually(async () => expect(await layoutNow()).toMatchObject({ shards }));
    producers.push(await openProducer());
    // Until calls have begun in each, which some do when they have nothing waiting elsewhere.
    await eventually(async () =>
      expect(await redis.client.keys('bull:{voice-default.*}:id')).toHaveLength(4),
    );
    expect(await old?.stop(5_000)).toBe(0);
  }
  await sleep(300);
  isOver = true;
  await Promise.all(talks);
  await eventually(async () => expect(await openCount()).toBe(0));
  await closeProducers();

  const accepted = answers.filter(({ status }) => status === 'accepted').length;
  expect(accepted).toBe(sent.reduce((sum, count) => sum + count));
  expect(answers.length - accepted).toBe(answers.filter(({ status }) => status === 'duplicate').length);
  expect(seen.overlaps).toEqual([]);
  const byCall = seen.byCall();
  for (const [call, count] of sent.entries()) {
    expect(byCall.get(`call-${call}`), `call-${call}`).toEqual(
      Array.from({ length: count }, (_, index) => index),
    );
  }
}, 60_000);

it('what one producer sends without waiting is delivered in order, while shards come and go', async () => {
  const seen = recorder();
  const startWorker = (shards: number) =>
    consume(
      async (taken) => {
        seen.begin(taken);
        await sleep(1);
        seen.end(taken, true);
        return DELIVERED;
      },
      { shards, concurrency: 40 },
    );
  startWorker(1);
  const queue = await openProducer();
  const sending: Promise<unknown>[] = [];
  let number = 0;
  for (const shards of SHARDS) {
    const [old] = consumers.splice(0);
    startWorker(shards);
    while ((await layoutNow()).shards !== shards || number % 100 !== 0) {
      for (let call = 0; call < 5; call += 1) sending.push(queue.send(eventOf(`call-${call}`, number)));
      number += 1;
    }
    await old?.stop(5_000);
  }
  await Promise.all(sending);
  await eventually(async () => expect(await openCount()).toBe(0));
  await closeProducers();
  expect(seen.overlaps).toEqual([]);
  for (let call = 0; call < 5; call += 1) {
    expect(seen.byCall().get(`call-${call}`)).toEqual(Array.from({ length: number }, (_, index) => index));
  }
}, 60_000);
