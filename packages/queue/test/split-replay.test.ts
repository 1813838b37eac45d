import { eventually } from '@callpost/testkit';
import { describe, expect, it } from 'vitest';
import {
  checkPlan,
  connectRedis,
  createReplayer,
  createRunCarrier,
  moveRun,
  type PlanOptions,
  planRun,
  type RedisConnection,
  type ReplayRun,
  readReport,
  readResults,
  type Settlement,
  type TakenEvent,
} from '../src/index.js';
import { GENERATION_SETTING, laneKeys } from '../src/lanes/lane-keys.js';
import { letterKeys } from '../src/letters/letter-keys.js';
import { queueKey } from '../src/names.js';
import { letterTruths } from '../src/replay/letter-truth.js';
import { runKeys } from '../src/replay/run.js';
import { bringHome } from '../src/shards/bring-home.js';
import { type Home, homes } from '../src/shards/layout.js';
import {
  addAt,
  CHANNEL,
  consumeAt,
  deadAt,
  divide,
  dyingAt,
  homeOf,
  hooked,
  idOf,
  redis,
  runs,
} from './split-stage.js';
import { DELIVERED, dead } from './test-consumer.js';

const OLD = 'default';
const CALL = 'call-1';
const NEW = homeOf(3, CALL);
const DIED = { call: CALL, atMs: 1_700_000_000_000 };

const replayerBy = (connection: RedisConnection) =>
  createReplayer({ redis: connection, channel: CHANNEL, now: Date.now });

function replay(...args: Parameters<ReturnType<typeof replayerBy>['replay']>) {
  const replayer = replayerBy(redis.client);
  runs({ stop: () => replayer.close() });
  return replayer.replay(...args);
}

const isDeadAt = async (home: Home, jobId: string) =>
  (await redis.client.zscore(letterKeys(home).failed, jobId)) !== null;
const isThere = async (home: Home, jobId: string) => (await redis.client.exists(queueKey(home, jobId))) === 1;

/** Everything that comes to any of the homes, in the order in which it does. */
function deliverAll(all: readonly Home[], decide: (taken: TakenEvent) => Settlement = () => DELIVERED) {
  const delivered: string[] = [];
  for (const home of all) {
    consumeAt(home, (taken) => {
      delivered.push(idOf(taken));
      return decide(taken);
    });
  }
  return delivered;
}

let planned = 0;
async function plan(
  options: Partial<PlanOptions> = {},
  connection: RedisConnection = redis.client,
): Promise<ReplayRun> {
  planned += 1;
  const answer = await planRun(connection, {
    channel: CHANNEL,
    filter: {},
    who: 'sre',
    maxPerSecond: 10_000,
    canary: 0,
    now: Date.now,
    newId: () => `run-${planned}`,
    ...options,
  });
  if (answer.status !== 'planned') throw new Error(answer.status);
  return answer.run;
}

async function start(options: Partial<PlanOptions> = {}): Promise<ReplayRun> {
  const run = await plan(options);
  const by = { who: 'ops', via: 'test', comment: null };
  await moveRun(redis.client, { channel: CHANNEL, runId: run.id, move: 'start', by, nowMs: Date.now() });
  return run;
}

function carry() {
  const ended: string[] = [];
  const carrier = createRunCarrier({
    channel: CHANNEL,
    redis: connectRedis(redis.url, 'tool'),
    workerName: 'worker-1',
    now: Date.now,
    onRunEnded: ({ state }) => ended.push(state),
    onError: (error) => ended.push(String(error)),
    leaseMs: 300,
  });
  carrier.start();
  runs(carrier);
  return ended;
}

describe('a letter is replayed', () => {
  it.each([
    ['where its call is at home', [NEW]],
    ['there, from where it was', [OLD]],
    ['there once, while it is just being moved', [OLD, NEW]],
  ])('%s', async (_, places) => {
    await divide(3, [1]);
    for (const home of places) await deadAt(home, 'a', DIED);
    expect(await replay('e.a', { diedAtMs: DIED.atMs })).toBe('replayed');
    expect(await replay('e.a')).toBe('not_dead');
    expect([await isDeadAt(OLD, 'e.a'), await isThere(OLD, 'e.a')]).toEqual([false, false]);
    const delivered = deliverAll([OLD, ...homes(CHANNEL, 3)]);
    await eventually(async () => expect(await isThere(NEW, 'e.a')).toBe(false));
    expect(delivered).toEqual(['a']);
  });

  it('not while events of its call are on their way where it was at home before', async () => {
    await divide(3, [1]);
    await deadAt(NEW, 'a', DIED);
    await addAt(OLD, 'b', CALL);
    expect(await replay('e.a')).toBe('busy');
    consumeAt(OLD, () => DELIVERED);
    await eventually(async () => expect(await replay('e.a')).toBe('replayed'));
  });

  it('not when what was delivered since is known only where it was', async () => {
    await divide(3, [1]);
    await deadAt(NEW, 'a', DIED);
    await deadAt(OLD, 'another', DIED);
    await redis.client.hset(laneKeys(OLD).deliveredSince, `thread:${CALL}`, String(DIED.atMs + 1));
    expect(await replay('e.a', { mustBeInOrder: true })).toBe('newer_delivered');
    expect(await isDeadAt(NEW, 'e.another')).toBe(true);
  });

  it('at its own home when it says of no call', async () => {
    await divide(3, [4]);
    for (const home of ['default.1', 'default.3']) {
      await deadAt(home, `of-${home}`);
      await redis.client.hset(queueKey(home, `e.of-${home}`), 'data', '{"no":"event"}');
      expect(await replay(`e.of-${home}`)).toBe('replayed');
    }
    expect(await isThere('default.1', 'e.of-default.1')).toBe(true);
    expect(await isThere(OLD, 'e.of-default.3')).toBe(true);
  });

  it('in another call when its event was edited to be of that', async () => {
    await divide(4);
    const [from, to] = [homeOf(4, 'call-1'), homeOf(4, 'call-2')];
    expect(from).not.toBe(to);
    await deadAt(from, 'a', DIED);
    await deadAt(from, 'b', DIED);
    await redis.client.hset(laneKeys(from).deliveredSince, `thread:${CALL}`, '7');
    const data = JSON.parse((await redis.client.hget(queueKey(from, 'e.a'), 'data')) ?? '');
    expect(await replay('e.a', { editedEvent: { ...data, thread_id: 'call-2' } })).toBe('replayed');
    expect(await redis.client.hgetall(laneKeys(to).firsts)).toEqual({ 'thread:call-2': 'e.a' });
    expect(await isThere(from, 'e.a')).toBe(false);
    expect(await isDeadAt(from, 'e.b')).toBe(true);
    expect(await redis.client.hgetall(laneKeys(from).deliveredSince)).toEqual({ [`thread:${CALL}`]: '7' });
    expect(await redis.client.hgetall(laneKeys(to).deliveredSince)).toEqual({});
  });

  it('by the newest layout only', async () => {
    const { generation } = await divide(3, [1]);
    await deadAt(NEW, 'a', DIED);
    await redis.client.hset(laneKeys(NEW).settings, GENERATION_SETTING, generation + 1);
    await expect(replay('e.a')).rejects.toThrow('newer layout');
    expect(await isDeadAt(NEW, 'e.a')).toBe(true);
    await redis.client.hset(laneKeys(NEW).settings, GENERATION_SETTING, generation);
    await redis.client.hset(laneKeys(OLD).settings, GENERATION_SETTING, generation + 1);
    await expect(replay('e.a')).rejects.toThrow('newer layout');
  });

  it('after which nobody of an older layout opens a lane where its call was', async () => {
    const { generation } = await divide(3, [1]);
    await deadAt(OLD, 'a', DIED);
    await replay('e.a');
    expect(await redis.client.hget(laneKeys(OLD).settings, GENERATION_SETTING)).toBe(String(generation));
  });

  it('not by a worker that carried the run out before', async () => {
    await divide(3, [1]);
    await deadAt(NEW, 'a', DIED);
    await redis.client.set(runKeys(NEW, 'r').lease, 'later');
    const run = { id: 'r', leaseToken: 'earlier' };
    expect(await replay('e.a', { run })).toBe('lease_lost');
    // As long as the later one has not looked at this home, the lease itself is what counts.
    await redis.client.set(runKeys(NEW, 'r').lease, 'earlier');
    await redis.client.set(runKeys(CHANNEL, 'r').lease, 'later');
    await expect(replay('e.a', { run })).rejects.toThrow('ran out');
    expect(await isDeadAt(NEW, 'e.a')).toBe(true);
    expect(await readResults(redis.client, CHANNEL, 'r')).toEqual(new Map());
  });
});

describe('a replay run', () => {
  /** Four letters a call, scattered over old and new homes. */
  async function scatter(calls: number, all: readonly Home[]): Promise<void> {
    for (let index = 0; index < 4 * calls; index += 1) {
      const call = `call-${index % calls}`;
      const atMs = DIED.atMs + index;
      await deadAt(all[index % all.length] as Home, `${call}:${Math.floor(index / calls)}`, { call, atMs });
    }
  }
  const jobIdOf = (id: string) => `e.${id.replace(':', '%3A')}`;

  function expectOnceAndInOrder(delivered: readonly string[], calls: number): void {
    expect([...delivered].sort()).toEqual([...new Set(delivered)].sort());
    expect(delivered).toHaveLength(4 * calls);
    for (let call = 0; call < calls; call += 1) {
      const ofCall = delivered.filter((id) => id.startsWith(`call-${call}:`));
      expect(ofCall).toEqual([0, 1, 2, 3].map((nth) => `call-${call}:${nth}`));
    }
  }

  it.each([
    ['of letters here and there', 4, [1, 2]],
    ['into one queue again', 1, [4]],
  ])('%s sends each once, and those of a call in order', async (_, shards, former) => {
    await divide(shards, former);
    await scatter(6, [OLD, ...homes(CHANNEL, 4)]);
    const delivered = deliverAll([OLD, ...homes(CHANNEL, 4)]);
    const run = await start();
    expect(run.count).toBe(24);
    const ended = carry();
    await eventually(() => expect(ended).toEqual(['done']));
    expectOnceAndInOrder(delivered, 6);
    expect(await readReport(redis.client, run)).toMatchObject({ delivered: 24, sent: 0, waiting: 0 });
    // All of it is kept with the channel.
    for (const home of homes(CHANNEL, 4)) {
      expect(await redis.client.exists(runKeys(home, run.id).run)).toBe(0);
    }
  });

  it('planned before the channel was divided finds its letters', async () => {
    await scatter(5, [OLD]);
    const run = await start();
    await divide(3, [1]);
    expect(await checkPlan(redis.client, run)).toEqual({ asPlanned: 20, newerDelivered: 0 });
    const delivered = deliverAll([OLD, ...homes(CHANNEL, 3)]);
    const ended = carry();
    await eventually(() => expect(ended).toEqual(['done']));
    expectOnceAndInOrder(delivered, 5);
  });

  it('planned while letters are moved has all of them, also those that were seen at neither home', async () => {
    for (const id of ['e1', 'e2', 'e3']) await deadAt(OLD, id, DIED);
    const layout = await divide(3, [1]);
    let isMoved = false;
    const movedBeforeTheOldHomeIsRead = hooked((name, [key]) => {
      if (isMoved || name !== 'zrevrangebyscore' || !String(key).startsWith(queueKey(OLD, '')))
        return undefined;
      isMoved = true;
      return bringHome(redis.client, CHANNEL, layout);
    });
    expect(await plan({}, movedBeforeTheOldHomeIsRead)).toMatchObject({ count: 3 });
    expect(await isDeadAt(NEW, 'e.e1')).toBe(true);
  });

  it('goes on when the channel is divided in the middle of it', async () => {
    await scatter(8, [OLD]);
    let isDivided: Promise<unknown> | undefined;
    const delivered = deliverAll([OLD, ...homes(CHANNEL, 3)], () => {
      if (delivered.length > 8) isDivided ??= divide(3, [1]);
      return DELIVERED;
    });
    await start({ maxPerSecond: 200 });
    const ended = carry();
    await eventually(() => expect(ended).toEqual(['done']), 20_000);
    expectOnceAndInOrder(delivered, 8);
    expect(isDivided).toBeDefined();
  });

  it('waits for calls that have events on their way where they were', async () => {
    await divide(3, [1]);
    await addAt(OLD, 'before', CALL, DIED.atMs - 1);
    await scatter(3, [NEW]);
    const delivered = deliverAll(homes(CHANNEL, 3));
    const run = await start();
    const ended = carry();
    await eventually(async () => expect(await readReport(redis.client, run)).toMatchObject({ delivered: 8 }));
    expect(delivered.filter((id) => id.startsWith(CALL))).toEqual([]);
    consumeAt(OLD, () => DELIVERED);
    await eventually(() => expect(ended).toEqual(['done']), 20_000);
    expectOnceAndInOrder(delivered, 3);
  }, 40_000);

  it('holds a call of which a letter dies again', async () => {
    await divide(3, [1]);
    await scatter(3, [OLD, NEW]);
    const delivered = deliverAll([OLD, ...homes(CHANNEL, 3)], (taken) =>
      idOf(taken) === 'call-1:1' ? dead(taken) : DELIVERED,
    );
    const run = await start();
    const ended = carry();
    await eventually(() => expect(ended).toEqual(['done']));
    expect(delivered.filter((id) => id.startsWith(CALL))).toEqual(['call-1:0', 'call-1:1']);
    const { delivered: ok, deadAgain, skipped } = await readReport(redis.client, run);
    expect([ok, deadAgain, skipped.call_conflict]).toEqual([9, 1, 2]);
  });

  it('whose worker dies at any moment of sending a letter still sends it once', async () => {
    await divide(3, [1]);
    const ids: string[] = [];
    for (let isSent = false; !isSent; ) {
      const id = `try-${ids.length}`;
      ids.push(id);
      await deadAt(OLD, id, { atMs: DIED.atMs });
      const run = await start({ filter: { ids: [id] } });
      for (const home of [CHANNEL, ...homes(CHANNEL, 3)]) {
        await redis.client.set(runKeys(home, run.id).lease, 'dies', 'PX', 10_000);
      }
      const options = { run: { id: run.id, leaseToken: 'dies' }, diedAtMs: DIED.atMs, mustBeInOrder: true };
      isSent = await replayerBy(dyingAt(ids.length))
        .replay(jobIdOf(id), options)
        .then(
          () => true,
          () => false,
        );
      await redis.client.del(runKeys(CHANNEL, run.id).lease);
    }
    const delivered = deliverAll([OLD, ...homes(CHANNEL, 3)]);
    const ended = carry();
    await eventually(() => expect(ended).toEqual(ids.map(() => 'done')), 30_000);
    expect(delivered.sort()).toEqual(ids.sort());
  }, 60_000);

  it('knows where its letters are, also one that was edited into another call', async () => {
    await divide(4);
    const letter = { jobId: 'e.a', diedAtMs: DIED.atMs, call: `thread:${CALL}`, enqueueOrder: 1 };
    const truth = async () => (await letterTruths(redis.client, { channel: CHANNEL, id: 'r' }, [letter]))[0];
    expect(await truth()).toBe('gone');
    const other = homes(CHANNEL, 4).find((home) => home !== homeOf(4, CALL)) as Home;
    await deadAt(other, 'a', DIED);
    expect(await truth()).toBe('as_planned');
    await redis.client.hset(queueKey(other, 'e.a'), 'progress', '{"runId":"r"}');
    await redis.client.zrem(letterKeys(other).failed, 'e.a');
    expect(await truth()).toBe('queued');
    await deadAt(homeOf(4, CALL), 'a', { ...DIED, atMs: 5 });
    expect(await truth()).toBe('elsewhere');
    // Replayed where it was while it was being moved: the copy is not what is true.
    await divide(4, [1]);
    await deadAt(homeOf(4, CALL), 'a', DIED);
    expect(await truth()).toBe('as_planned');
    await redis.client.hset(queueKey(OLD, 'e.a'), { timestamp: 1, progress: '{"runId":"r"}' });
    expect(await truth()).toBe('queued');
  });
});
