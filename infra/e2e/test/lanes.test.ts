import { readChannelStatus } from '@callpost/queue';
import { eventually, sampleEvent } from '@callpost/testkit';
import { expect, it } from 'vitest';
import { SECRET, useStage } from './stage.js';

/** With locks as short as they can be, so that what a dead worker held is taken over in seconds. */
const stage = useStage({
  REAMAZE_SHARED_SECRET: SECRET,
  REQUEST_TIMEOUT_MS: '1000',
  LOCK_DURATION_MS: '2000',
  BRAKE_COOLDOWN_MS: '20',
  BRAKE_MAX_COOLDOWN_MS: '20',
});

const CALLS = 60;
const EVENTS_OF_A_CALL = 30;

/**
 * 30 events each of 60 calls, as they happen: the calls take turns. Every fourth event of a call fails twice before it is
 * accepted; not all events of every fourth call, or at the end only those were left, and the channel rightly braked.
 */
const events = Array.from({ length: CALLS * EVENTS_OF_A_CALL }, (_, index) => {
  const behaviour = (index + Math.floor(index / CALLS)) % 4 === 0 ? 'fail-2' : 'ok';
  return sampleEvent({ id: `${behaviour}_${index}`, thread_id: `call-${index % CALLS}` });
});

const settled = () =>
  eventually(async () => {
    const { counts } = await readChannelStatus(stage.redis.client, 'default');
    expect(counts).toEqual({ waiting: 0, in_flight: 0, retrying: 0, parked: 0, dead: 0 });
  }, 60_000);

/** Calls of which an event was first accepted before one that was enqueued earlier. */
function callsOutOfOrder(acceptedIds: readonly string[]): string[] {
  const callOf = new Map(events.map(({ id, thread_id }, index) => [id, { call: thread_id ?? '', index }]));
  const last = new Map<string, number>();
  return acceptedIds.flatMap((id) => {
    const { call, index } = callOf.get(id) ?? { call: 'unknown', index: 0 };
    const isLate = index < (last.get(call) ?? -1);
    last.set(call, Math.max(index, last.get(call) ?? -1));
    return isLate ? [call] : [];
  });
}

const lanesLeft = async () => {
  const keys = await stage.redis.client.keys('bull:{voice-default}:callpost:*');
  return keys.filter((key) => key.includes(':lane'));
};

it('1,800 events of 60 calls, two workers, a quarter answered with an error twice: in order, one of a call at a time', async () => {
  // Nothing may run into its deadline, however busy the machine: each attempt is counted.
  const patient = { REAMAZE_SHARED_SECRET: SECRET, REQUEST_TIMEOUT_MS: '20000', LOCK_DURATION_MS: '40000' };
  await Promise.all([stage.start(patient), stage.start(patient)]);
  await stage.queue.sendMany(events);
  await settled();
  const { accepted, crowdedCalls, requests } = await stage.sink.report();
  expect(Object.keys(accepted)).toHaveLength(events.length);
  expect(callsOutOfOrder(Object.keys(accepted))).toEqual([]);
  expect(crowdedCalls).toEqual([]);
  expect(requests).toHaveLength(events.length + 2 * (events.length / 4));
  expect(await lanesLeft()).toEqual([]);
}, 90_000);

it('the same with a worker killed -9 and Redis killed and restarted: the first acceptances are in order', async () => {
  const [first] = await Promise.all([stage.start(), stage.start()]);
  await stage.queue.sendMany(events);
  const requested = async (count: number) =>
    eventually(
      async () => expect((await stage.sink.report()).requests.length).toBeGreaterThan(count),
      30_000,
    );
  await requested(300);
  first?.kill('SIGKILL');
  await requested(700);
  await stage.redis.crash();
  await stage.redis.restart();
  await stage.start();
  await settled();
  const { accepted } = await stage.sink.report();
  expect(Object.keys(accepted)).toHaveLength(events.length);
  expect(callsOutOfOrder(Object.keys(accepted))).toEqual([]);
  expect(await lanesLeft()).toEqual([]);
}, 120_000);
