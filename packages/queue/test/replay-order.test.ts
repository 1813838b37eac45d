import { eventually, sampleEvent } from '@callpost/testkit';
import { describe, expect, it } from 'vitest';
import {
  countNewerDelivered,
  createCallEventQueue,
  createDiscarder,
  readDeadLetters,
  reindexDeadLetters,
  setRunConflictRule,
} from '../src/index.js';
import {
  CHANNEL,
  carry,
  consume,
  counts,
  deliverAll,
  eventOf,
  inState,
  makeLetters,
  move,
  plan,
  redis,
  report,
} from './replay-stage.js';
import { dead } from './test-consumer.js';

/* When newer events of a call were delivered since its letter died. */

const DELIVERED_SINCE = 'bull:{voice-default}:callpost:calls:delivered';

async function letters() {
  const all = [];
  for await (const letter of readDeadLetters(redis.client, CHANNEL)) all.push(letter);
  return all.sort((a, b) => a.enqueueOrder - b.enqueueOrder);
}

/** As the lanes write it: a call of which an event died, and the newest of its events delivered since. */
async function wentOn(call: string, enqueueOrder: number): Promise<void> {
  await redis.client.hset(DELIVERED_SINCE, `thread:${call}`, enqueueOrder);
}

const callsKept = async () => Object.keys(await redis.client.hgetall(DELIVERED_SINCE)).sort();

/** Of three calls of two letters: of call-0 both are overtaken, of call-1 the first one, of call-2 none. */
async function callsGoOn(): Promise<void> {
  const all = await letters();
  await wentOn('call-0', (all[5]?.enqueueOrder ?? 0) + 1);
  await wentOn('call-1', all[3]?.enqueueOrder ?? 0);
  await wentOn('call-2', 0);
}

it('the plan says how many letters that concerns', async () => {
  await makeLetters(6, 2);
  expect(await plan()).toMatchObject({ newerDelivered: 0 });
  await callsGoOn();
  expect(await countNewerDelivered(redis.client, CHANNEL, await letters())).toBe(3);
  expect(await plan()).toMatchObject({ newerDelivered: 3 });
});

describe.each(['hold', 'skip', 'continue'] as const)('%s', (onCallConflict) => {
  it('looks right before each letter is sent', async () => {
    await makeLetters(6, 2);
    const run = await plan({ onCallConflict });
    expect(run.newerDelivered).toBe(0);
    await callsGoOn();
    const delivered = deliverAll();
    carry();
    await move(run, 'start');
    await inState(run, 'done');
    const isSkipped = onCallConflict !== 'continue';
    expect(delivered.map(({ id }) => id).sort()).toEqual(
      isSkipped ? ['e0003', 'e0004', 'e0005'] : ['e0000', 'e0001', 'e0002', 'e0003', 'e0004', 'e0005'],
    );
    expect(await report(run)).toMatchObject({ skipped: { newer_delivered: isSkipped ? 3 : 0 } });
  });
});

it('costs neither the rate nor the canary anything: 500 skipped in no time, and the canary is of letters sent', async () => {
  await makeLetters(520, 1);
  const all = await letters();
  for (const { call, enqueueOrder } of all.slice(0, 500)) {
    await redis.client.hset(DELIVERED_SINCE, call ?? '', enqueueOrder + 1);
  }
  const run = await plan({ maxPerSecond: 5, canary: 2 });
  let attempts = 0;
  consume((taken) => {
    attempts += 1;
    return dead(taken);
  });
  carry();
  await move(run, 'start');
  await inState(run, 'stopped_by_canary');
  expect(attempts).toBe(2);
  expect(await report(run)).toMatchObject({ deadAgain: 2, waiting: 18, skipped: { newer_delivered: 500 } });
});

it('what a call delivers after a death is seen by the plan, from the lanes themselves', async () => {
  const queue = createCallEventQueue({ redis: redis.url });
  await queue.sendMany(['first', 'second', 'third'].map((id) => sampleEvent({ id, thread_id: 'call-0' })));
  await queue.close();
  const consumer = consume((taken) =>
    eventOf(taken).id === 'first' ? dead(taken) : { outcome: 'delivered' },
  );
  await eventually(async () => expect(await counts()).toMatchObject({ dead: 1, waiting: 0, parked: 0 }));
  await eventually(async () => expect(await counts()).toMatchObject({ in_flight: 0 }));
  await consumer.stop(0);
  expect(await plan()).toMatchObject({ count: 1, newerDelivered: 1 });
  const run = await plan({ onCallConflict: 'continue' });
  deliverAll();
  carry();
  await move(run, 'start');
  await inState(run, 'done');
  await eventually(async () => expect(await callsKept()).toEqual([]));
});

it('newer events that are on their way go first too, since a replay waits behind what is in the lane', async () => {
  await makeLetters(2, 1);
  const queue = createCallEventQueue({ redis: redis.url });
  await queue.send(sampleEvent({ id: 'newer', thread_id: 'call-0' }));
  await queue.close();
  const run = await plan();
  carry();
  await move(run, 'start');
  await eventually(async () =>
    expect(await report(run)).toMatchObject({ sent: 1, skipped: { newer_delivered: 1 } }),
  );
  const delivered = deliverAll();
  await inState(run, 'done');
  await eventually(() => expect(delivered.map(({ id }) => id).sort()).toEqual(['e0001', 'newer']));
});

it('the rule may be changed until the run is started', async () => {
  await makeLetters(2, 2);
  const run = await plan();
  const rule = { channel: CHANNEL, runId: run.id, onCallConflict: 'continue' } as const;
  expect(await setRunConflictRule(redis.client, rule)).toMatchObject({
    status: 'changed',
    run: { onCallConflict: 'continue' },
  });
  await move(run, 'start');
  expect(await setRunConflictRule(redis.client, { ...rule, onCallConflict: 'hold' })).toMatchObject({
    status: 'refused',
    run: { onCallConflict: 'continue' },
  });
  expect(await setRunConflictRule(redis.client, { ...rule, runId: 'none' })).toEqual({ status: 'not_found' });
});

describe('what was delivered of a call is forgotten with its last letter', () => {
  it('when it is discarded', async () => {
    await makeLetters(4, 2);
    await wentOn('call-0', 1);
    await wentOn('call-1', 1);
    const discarder = createDiscarder({ redis: redis.client, channel: CHANNEL });
    await discarder.discard('e.e0000');
    await discarder.discard('e.e0002');
    expect(await callsKept()).toEqual(['thread:call-0', 'thread:call-1']);
    await discarder.discard('e.e0001');
    expect(await callsKept()).toEqual(['thread:call-1']);
    await discarder.close();
  });

  it('when it was replayed, with the end of the run, and not while another one is dead', async () => {
    await makeLetters(4, 2);
    expect(await callsKept()).toEqual(['thread:call-0', 'thread:call-1']);
    const run = await plan({ onCallConflict: 'continue' });
    consume((taken) => (eventOf(taken).id === 'e0001' ? dead(taken) : { outcome: 'delivered' }));
    carry();
    await move(run, 'start');
    await inState(run, 'done');
    await eventually(async () => expect(await callsKept()).toEqual(['thread:call-0']));
    // e0000 was delivered, e0001 died again: newer than that is nothing.
    expect(await plan()).toMatchObject({ count: 1, newerDelivered: 0 });
  });

  it('at the latest when the index is made anew', async () => {
    await makeLetters(2, 2);
    await wentOn('call-0', 0);
    await wentOn('call-9', 0);
    await reindexDeadLetters(redis.client, CHANNEL);
    expect(await callsKept()).toEqual(['thread:call-0']);
  });
});
