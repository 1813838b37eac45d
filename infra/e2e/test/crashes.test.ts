import { readChannelStatus } from '@callpost/queue';
import { eventually, sampleEvent, sampleEvents } from '@callpost/testkit';
import { expect, it } from 'vitest';
import { SECRET, useStage } from './stage.js';

/** The shortest lock there can be, so that what a dead worker held is taken over in seconds. */
const stage = useStage({
  REAMAZE_SHARED_SECRET: SECRET,
  REQUEST_TIMEOUT_MS: '1000',
  LOCK_DURATION_MS: '2000',
  WORKER_CONCURRENCY: '20',
});

async function settled(): Promise<void> {
  await eventually(async () => {
    const { counts } = await readChannelStatus(stage.redis.client, 'default');
    expect(counts).toEqual({ waiting: 0, in_flight: 0, retrying: 0, parked: 0, dead: 0 });
  }, 40_000);
}

it('a worker killed -9 in the middle of its posts loses nothing and doubles only what it held', async () => {
  const first = await stage.start();
  await stage.queue.sendMany(sampleEvents(200, 'slow-100_'));
  await eventually(async () => expect((await stage.sink.report()).requests.length).toBeGreaterThan(60));
  first.kill('SIGKILL');
  expect(await first.exited()).toBeNull();
  await stage.start();
  await settled();
  const { accepted, requests } = await stage.sink.report();
  expect(Object.keys(accepted)).toHaveLength(200);
  expect(requests.length - 200).toBeLessThanOrEqual(20);
}, 60_000);

it('Redis killed -9 under load loses nothing that it acknowledged, with AOF always', async () => {
  await stage.start();
  await stage.start();
  const acknowledged = new Set<string>();
  const unsent = sampleEvents(2_000, 'ok');
  let crashes = 0;
  while (unsent.length > 0) {
    const chunk = unsent.slice(0, 20);
    try {
      for (const { eventId } of await stage.queue.sendMany(chunk)) acknowledged.add(eventId ?? '');
      unsent.splice(0, chunk.length);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    if (acknowledged.size >= 600 * (crashes + 1) && crashes < 3) {
      crashes += 1;
      const sending = stage.queue.sendMany(unsent.slice(0, 20)).catch(() => undefined);
      await stage.redis.crash();
      await sending;
      await stage.redis.restart();
    }
  }
  expect(crashes).toBe(3);
  await settled();
  const { accepted, requests } = await stage.sink.report();
  expect([...acknowledged].filter((id) => accepted[id] === undefined)).toEqual([]);
  expect(acknowledged.size).toBe(2_000);
  // At each crash up to 2 × 20 events were in flight, whose delivery Redis may not have been told.
  expect(requests.length - 2_000).toBeLessThanOrEqual(3 * 40);
}, 90_000);

it('a worker that loses its lock in the middle of a post gives up before another one posts', async () => {
  await stage.start();
  await stage.start();
  await stage.queue.send(sampleEvent({ id: 'slow-700_1' }));
  await eventually(async () => expect((await stage.sink.report()).requests).toHaveLength(1));
  const [jobId] = await stage.redis.client.lrange('bull:{voice-default}:active', 0, -1);
  await stage.redis.client.del(`bull:{voice-default}:${jobId}:lock`);
  await settled();
  const { overlapping, accepted } = await stage.sink.report();
  expect(overlapping).toEqual([]);
  expect(Object.keys(accepted)).toEqual(['slow-700_1']);
}, 60_000);

it('a worker frozen beyond its lock does not post what another one has taken', async () => {
  const frozen = await stage.start({ WORKER_CONCURRENCY: '1' });
  await stage.queue.send(sampleEvent({ id: 'slow-500_1' }));
  await eventually(async () => expect((await stage.sink.report()).requests).toHaveLength(1));
  frozen.kill('SIGSTOP');
  await stage.start();
  await stage.queue.sendMany(sampleEvents(10, 'ok'));
  await eventually(async () => {
    expect((await readChannelStatus(stage.redis.client, 'default')).counts).toMatchObject({
      waiting: 0,
      in_flight: 0,
    });
  }, 40_000);
  frozen.kill('SIGCONT');
  await settled();
  const { accepted, overlapping, requests } = await stage.sink.report();
  expect(Object.keys(accepted)).toHaveLength(11);
  expect(overlapping).toEqual([]);
  expect(requests).toHaveLength(12);
}, 60_000);
