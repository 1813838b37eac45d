import { eventually, sampleEvent, startRedis, type TestRedis } from '@callpost/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type ChannelConsumer,
  createCallEventQueue,
  createDiscarder,
  createReplayer,
  createRunCarrier,
  findDeadLetter,
  listRuns,
  moveRun,
  type PlanOptions,
  planRun,
  type ReplayRun,
  type RunCarrier,
  type RunMove,
  readAudit,
  readChannelStatus,
  readResults,
  readRun,
  reportOf,
  type Settlement,
  setRunRate,
  type TakenEvent,
} from '../src/index.js';
import { dead, startTestConsumer } from './test-consumer.js';

const CHANNEL = 'default';

let redis: TestRedis;
const running: (ChannelConsumer | RunCarrier)[] = [];
let ids = 0;

beforeAll(async () => {
  redis = await startRedis();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop(0)));
  await redis.client.flushall();
});
afterAll(() => redis.stop());

const eventOf = ({ data }: TakenEvent) =>
  data as { id: string; thread_id: string; assignee?: { email: string } };

function consume(decide: (taken: TakenEvent) => Settlement) {
  const consumer = startTestConsumer(redis, { deliver: async (taken) => decide(taken), concurrency: 20 });
  running.push(consumer);
  return consumer;
}

function carry(workerName = 'worker-1') {
  const ended: string[] = [];
  const carrier = createRunCarrier({
    channel: CHANNEL,
    redis: redis.connect(),
    workerName,
    now: Date.now,
    onRunEnded: ({ state }) => ended.push(state),
    onError: (error) => ended.push(String(error)),
    leaseMs: 300,
  });
  carrier.start();
  running.push(carrier);
  return { carrier, ended };
}

const counts = async () => (await readChannelStatus(redis.client, CHANNEL)).counts;

/** `count` dead letters, `perCall` events to a call, in the order of their ids. */
async function makeLetters(count: number, perCall = 4): Promise<void> {
  const queue = createCallEventQueue({ redis: redis.url });
  const consumer = consume((taken) => dead(taken));
  const events = Array.from({ length: count }, (_, index) =>
    sampleEvent({
      id: `e${String(index).padStart(4, '0')}`,
      thread_id: `call-${Math.floor(index / perCall)}`,
    }),
  );
  await queue.sendMany(events);
  await eventually(async () => expect((await counts()).dead).toBe(count));
  await consumer.stop(0);
  running.splice(running.indexOf(consumer), 1);
  await queue.close();
}

async function plan(options: Partial<PlanOptions> = {}): Promise<ReplayRun> {
  ids += 1;
  const answer = await planRun(redis.client, {
    channel: CHANNEL,
    filter: {},
    who: 'sre',
    maxPerSecond: 10_000,
    now: Date.now,
    newId: () => `run-${ids}`,
    ...options,
  });
  if (answer.status !== 'planned') throw new Error(answer.status);
  return answer.run;
}

const move = (run: ReplayRun, to: RunMove) =>
  moveRun(redis.client, { channel: CHANNEL, runId: run.id, move: to, nowMs: Date.now() });
const report = async (run: ReplayRun) =>
  reportOf(run.count, await readResults(redis.client, CHANNEL, run.id));
const stateOf = async (run: ReplayRun) => (await readRun(redis.client, CHANNEL, run.id))?.state;
const inState = (run: ReplayRun, state: string) =>
  eventually(async () => expect(await stateOf(run)).toBe(state));

/** Delivers everything, and tells what was delivered in which order. */
function deliverAll() {
  const delivered: { id: string; call: string; taken: TakenEvent }[] = [];
  consume((taken) => {
    const { id, thread_id: call } = eventOf(taken);
    delivered.push({ id, call, taken });
    return { outcome: 'delivered' };
  });
  return delivered;
}

it('sends what was planned, each once, in order within each call, by one of several workers', async () => {
  await makeLetters(60);
  const run = await plan();
  expect(run).toMatchObject({ state: 'planned', count: 60, canary: 5, who: 'sre' });
  const delivered = deliverAll();
  const carriers = [carry('worker-1'), carry('worker-2')];
  expect(delivered).toEqual([]);
  await move(run, 'start');
  await inState(run, 'done');
  expect(delivered.map(({ id }) => id).sort()).toEqual(
    Array.from({ length: 60 }, (_, i) => `e${String(i).padStart(4, '0')}`),
  );
  for (let call = 0; call < 15; call += 1) {
    const order = delivered.filter((one) => one.call === `call-${call}`).map(({ id }) => id);
    expect(order).toEqual([...order].sort());
  }
  expect(await report(run)).toMatchObject({ planned: 60, waiting: 0, sent: 0, delivered: 60, deadAgain: 0 });
  expect(await counts()).toMatchObject({ dead: 0, waiting: 0 });
  await eventually(() => carriers.flatMap(({ ended }) => ended).length === 1);
  expect(await readAudit(redis.client, 1)).toMatchObject([
    { action: 'replay_ended', who: 'sre', runId: run.id, counts: { delivered: 60, deadAgain: 0 } },
  ]);
  expect((await listRuns(redis.client, CHANNEL)).map(({ id }) => id)).toEqual([run.id]);
});

it('stops by its canary when too many die again of one cause, and leaves the rest dead; a person may resume', async () => {
  await makeLetters(60, 1);
  const run = await plan({ canary: 10 });
  let isHealed = false;
  let attempts = 0;
  consume((taken) => {
    attempts += 1;
    return isHealed ? { outcome: 'delivered' } : dead(taken);
  });
  carry();
  await move(run, 'start');
  await inState(run, 'stopped_by_canary');
  expect(attempts).toBe(10);
  expect(await counts()).toMatchObject({ dead: 60 });
  expect(await report(run)).toMatchObject({ deadAgain: 10, waiting: 50 });
  isHealed = true;
  await move(run, 'resume');
  await inState(run, 'done');
  expect(await report(run)).toMatchObject({ deadAgain: 10, delivered: 50 });
});

it('passes its canary when few die again', async () => {
  await makeLetters(60, 1);
  const run = await plan({ canary: 10 });
  consume((taken) => (eventOf(taken).id < 'e0002' ? dead(taken) : { outcome: 'delivered' }));
  carry();
  await move(run, 'start');
  await inState(run, 'done');
  expect(await report(run)).toMatchObject({ deadAgain: 2, delivered: 58 });
});

describe('a person', () => {
  it('pauses, slows, resumes', async () => {
    await makeLetters(40, 1);
    const run = await plan({ maxPerSecond: 20 });
    const delivered = deliverAll();
    carry();
    await move(run, 'start');
    await eventually(() => delivered.length >= 3);
    expect(await move(run, 'pause')).toMatchObject({ status: 'moved', run: { state: 'paused' } });
    await eventually(async () => expect(await report(run)).toMatchObject({ sent: 0 }));
    const paused = delivered.length;
    expect(paused).toBeLessThan(40);
    expect(await setRunRate(redis.client, { channel: CHANNEL, runId: run.id, maxPerSecond: 1_000 })).toBe(
      true,
    );
    await move(run, 'resume');
    await inState(run, 'done');
    expect(delivered).toHaveLength(40);
  });

  it('cancels: what was sent stays sent, the rest stays dead', async () => {
    await makeLetters(40, 1);
    const run = await plan({ maxPerSecond: 20 });
    deliverAll();
    carry();
    await move(run, 'start');
    await eventually(async () => expect((await report(run)).delivered).toBeGreaterThan(2));
    await move(run, 'cancel');
    await eventually(async () => {
      const { delivered, waiting, sent } = await report(run);
      expect(sent).toBe(0);
      expect(await counts()).toMatchObject({ dead: waiting, waiting: 0, in_flight: 0 });
      expect(delivered + waiting).toBe(40);
    });
    expect(await move(run, 'resume')).toMatchObject({ status: 'refused', run: { state: 'cancelled' } });
  });

  it.each([
    ['start', 'refused'],
    ['pause', 'moved'],
  ] as const)('can %s a running run: %s', async (to, status) => {
    await makeLetters(2, 1);
    const run = await plan();
    await move(run, 'start');
    expect((await move(run, to)).status).toBe(status);
  });

  it('gets told of a run that is none', async () => {
    const none = { channel: CHANNEL, runId: 'none', nowMs: 0 };
    expect(await moveRun(redis.client, { ...none, move: 'start' })).toEqual({ status: 'not_found' });
    expect(await setRunRate(redis.client, { ...none, maxPerSecond: 1 })).toBe(false);
  });
});

it('goes on where a worker died, and sends nothing twice', async () => {
  await makeLetters(40, 1);
  const run = await plan({ maxPerSecond: 40, canary: 0 });
  const delivered = deliverAll();
  const first = carry('worker-1');
  await move(run, 'start');
  await eventually(() => delivered.length >= 5);
  // As after kill -9: the lease is left to run out, and one letter was marked as sent but never sent.
  await first.carrier.stop();
  await redis.client.set(`bull:{voice-default}:callpost:run:${run.id}:lease`, 'worker-1', 'PX', 200);
  const results = await readResults(redis.client, CHANNEL, run.id);
  const unsent = [...Array(40).keys()]
    .map((i) => `e.e${String(i).padStart(4, '0')}`)
    .find((jobId) => !results.has(jobId));
  await redis.client.hset(`bull:{voice-default}:callpost:run:${run.id}:results`, unsent ?? '', 'sent');
  carry('worker-2');
  await inState(run, 'done');
  expect(delivered.map(({ id }) => id).sort()).toEqual([...new Set(delivered.map(({ id }) => id))].sort());
  expect(delivered).toHaveLength(40);
  expect(await report(run)).toMatchObject({ delivered: 40 });
});

it('skips what was replayed, discarded or changed since it was planned, and says why', async () => {
  await makeLetters(4, 1);
  const run = await plan();
  const replayer = createReplayer({ redis: redis.client, channel: CHANNEL, now: Date.now });
  const discarder = createDiscarder({ redis: redis.client, channel: CHANNEL });
  const consumer = consume((taken) =>
    eventOf(taken).id === 'e0001' ? dead(taken) : { outcome: 'delivered' },
  );
  await replayer.replay('e.e0000');
  await replayer.replay('e.e0001');
  await discarder.discard('e.e0002');
  await eventually(async () => expect(await counts()).toMatchObject({ dead: 2, waiting: 0, in_flight: 0 }));
  await consumer.stop(0);
  const delivered = deliverAll();
  carry();
  await move(run, 'start');
  await inState(run, 'done');
  expect(await report(run)).toMatchObject({ delivered: 1, skipped: { not_dead: 2, changed: 1 } });
  expect(delivered.map(({ id }) => id)).toEqual(['e0003']);
  await Promise.all([replayer.close(), discarder.close()]);
});

describe('when an earlier event of a call dies again', () => {
  const diesAgain = (taken: TakenEvent) => eventOf(taken).id === 'e0001';

  it.each(['hold', 'skip'] as const)('%s: the later ones of that call stay dead', async (onCallConflict) => {
    await makeLetters(8, 4);
    const run = await plan({ onCallConflict });
    consume((taken) => (diesAgain(taken) ? dead(taken) : { outcome: 'delivered' }));
    carry();
    await move(run, 'start');
    await inState(run, 'done');
    expect(await report(run)).toMatchObject({ delivered: 5, deadAgain: 1, skipped: { call_conflict: 2 } });
    expect(await counts()).toMatchObject({ dead: 3 });
  });

  it('continue: they are sent all the same', async () => {
    await makeLetters(8, 4);
    const run = await plan({ onCallConflict: 'continue' });
    consume((taken) => (diesAgain(taken) ? dead(taken) : { outcome: 'delivered' }));
    carry();
    await move(run, 'start');
    await inState(run, 'done');
    expect(await report(run)).toMatchObject({ delivered: 7, deadAgain: 1 });
  });
});

describe('a patch', () => {
  it('is applied to every event; the id stays, the original is kept, the edit is told', async () => {
    await makeLetters(3, 1);
    const run = await plan({ patch: { assignee: { email: 'new@example.com' }, body: 'Corrected' } });
    const seen: string[] = [];
    consume((taken) => {
      const { id, assignee } = eventOf(taken);
      seen.push(`${id} ${assignee?.email}`);
      return id === 'e0000' ? dead(taken) : { outcome: 'delivered' };
    });
    carry();
    await move(run, 'start');
    await inState(run, 'done');
    expect(seen.sort()).toEqual(['e0000 new@example.com', 'e0001 new@example.com', 'e0002 new@example.com']);
    expect(await findDeadLetter(redis.client, CHANNEL, 'e0000')).toMatchObject({
      replays: 1,
      event: { id: 'e0000', body: 'Corrected' },
      original: { id: 'e0000', body: 'Call ended - duration: 0:30:05' },
      editedAtMs: [expect.any(Number)],
    });
  });

  it.each([
    [{ id: 'other' }, 'id'],
    [{ body: '' }, 'body'],
    [{ from: { phone: '123' } }, 'from.phone'],
  ])('%j is refused when it is planned', async (patch, field) => {
    await makeLetters(1, 1);
    const options = { channel: CHANNEL, filter: {}, who: 'sre', now: Date.now, newId: () => 'x', patch };
    expect(await planRun(redis.client, options)).toMatchObject({
      status: 'invalid_patch',
      eventId: 'e0000',
      faults: [{ field }],
    });
    expect(await listRuns(redis.client, CHANNEL)).toEqual([]);
  });
});

it('plans nothing when nothing fits', async () => {
  const options = { channel: CHANNEL, filter: { status: 404 }, who: 'sre', now: Date.now, newId: () => 'x' };
  expect(await planRun(redis.client, options)).toEqual({ status: 'no_match' });
});
