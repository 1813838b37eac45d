import { eventually } from '@callpost/testkit';
import { expect, it, vi } from 'vitest';
import { listChannels, readChannel, readChannelStatus } from '../src/index.js';
import { CHANNELS_KEY } from '../src/names.js';
import { keepCounts } from '../src/shards/keep-counts.js';
import { addAt, CHANNEL, consumeAt, divide, idOf, redis, stopAll } from './split-stage.js';
import { dead, retryNow } from './test-consumer.js';

const status = () => readChannelStatus(redis.client, CHANNEL);
const reading = () => readChannel(redis.client, CHANNEL);

it('shows one channel, whatever its homes', async () => {
  await divide(3, [1, 2]);
  await redis.client.sadd(CHANNELS_KEY, 'default.0', 'default.1');
  expect(await listChannels(redis.client)).toEqual([CHANNEL]);
});

it('sums what is in the homes, and knows the oldest of all', async () => {
  await divide(3, [1, 2]);
  const [oldMs, newMs] = [1_600_000_000_000, 1_700_000_000_000];
  await addAt('default', 'waiting-0', 'a', newMs);
  await addAt('default.2', 'waiting-1', 'b', oldMs);
  await addAt('default.2', 'parked', 'b', newMs);
  expect(await status()).toEqual({
    channel: CHANNEL,
    counts: { waiting: 2, in_flight: 0, retrying: 0, parked: 1, dead: 0 },
    oldestWaitingAtMs: oldMs,
    oldestDeadAtMs: null,
  });
  expect(await reading()).toMatchObject({
    waitingSinceMs: oldMs,
    oldestParkedAtMs: newMs,
    oldestRetryingAtMs: null,
    enqueued: { accepted: 3 },
  });
});

it('knows the oldest dead letter, and the retries of all homes', async () => {
  await divide(2);
  await addAt('default.0', 'dies', 'a');
  await addAt('default.1', 'dies-later', 'b');
  await addAt('default.1', 'retried', 'c', 1_600_000_000_000);
  consumeAt('default.0', (taken) => dead(taken));
  await eventually(async () => expect((await status()).counts.dead).toBe(1));
  const { oldestDeadAtMs } = await status();
  const retryAtMs = Date.now() + 60_000;
  consumeAt('default.1', (taken) =>
    idOf(taken) === 'retried' ? { ...retryNow(taken), retryAtMs: retryAtMs } : dead(taken),
  );
  await eventually(async () =>
    expect((await status()).counts).toMatchObject({ dead: 2, retrying: 1, waiting: 0 }),
  );
  expect((await status()).oldestDeadAtMs).toBe(oldestDeadAtMs);
  const { oldestRetryingAtMs, nextRetryAtMs } = await reading();
  expect(oldestRetryingAtMs).toBe(1_600_000_000_000);
  expect(Math.abs((nextRetryAtMs ?? 0) - retryAtMs)).toBeLessThan(1_000);
});

it('never counts accepted events backwards: not when homes end, nor when they are used again', async () => {
  const accepted = async () => (await reading()).enqueued.accepted;
  await addAt('default', 'e1', 'a');
  await divide(3, [1]);
  await addAt('default.1', 'e2', 'a');
  await addAt('default.2', 'e3', 'b');
  expect(await accepted()).toBe(3);

  await divide(2, [3]);
  consumeAt('default.2', () => ({ outcome: 'delivered' }));
  await eventually(async () => expect((await status()).counts.waiting).toBe(2));
  await stopAll();
  await keepCounts(redis.client, CHANNEL, ['default.2']);
  await keepCounts(redis.client, CHANNEL, ['default.2']);
  expect(await accepted()).toBe(3);
  await divide(2);
  expect(await accepted()).toBe(3);

  await divide(4, [2]);
  await addAt('default.2', 'e4', 'b');
  expect(await accepted()).toBe(4);
});

it('asks for one script and one key of a channel that was never divided, however much is in it', async () => {
  for (let number = 0; number < 40; number += 1) await addAt('default', `e${number}`, `${number % 20}`);
  await status();
  const sent = vi.spyOn(redis.client, 'sendCommand');
  expect((await status()).counts).toMatchObject({ waiting: 20, parked: 20 });
  expect(sent.mock.calls.map(([{ name }]) => name).sort()).toEqual(['evalsha', 'get']);
  sent.mockRestore();
});
