import { startRedis, type TestRedis } from '@callpost/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, type BrakeTuning, createBrakeScript, type Report } from '../src/brake/brake-script.js';
import { type StoppedPoint, stoppedMsBetween } from '../src/brake/stopped-time.js';

/* The rules of the brake, run where they run, in Redis, with a clock of the test's own. */

let redis: TestRedis;
let nowMs = 0;
const TUNING: BrakeTuning = { cooldownMs: 5_000, maxCooldownMs: 60_000, holdThreshold: 5, probeMs: 20_000 };
const CLOCK = "local now = tonumber(redis.call('GET', 'test:now'))\n";

beforeAll(async () => {
  redis = await startRedis();
});
beforeEach(async () => {
  await redis.client.flushall();
  nowMs = 1_700_000_000_000;
});
afterAll(() => redis.stop());

/** A worker with 50 events at a time, which reports what its attempts of the present epoch have shown. */
function createWorker(worker: string, concurrency = 50) {
  let last: Answer | null = null;
  const tell = createBrakeScript(redis.client, 'default', TUNING, CLOCK);
  return async (report: Partial<Report> = {}): Promise<Answer> => {
    await redis.client.set('test:now', nowMs);
    const epoch = last?.epoch ?? 0;
    last = await tell({ worker, concurrency, random: 0, epoch, ok: 0, failed: 0, stops: -1, ...report });
    return last;
  };
}

async function braked() {
  const worker = createWorker('a');
  await worker({ failed: 20 });
  return worker;
}

async function recovering() {
  const worker = await braked();
  nowMs += 5_000;
  await worker({ wantsProbe: 'take' });
  await worker({ wantsProbe: 'post' });
  const answer = await worker({ probe: 'ok' });
  expect(answer).toMatchObject({ state: 'recovering', window: 2 });
  return worker;
}

describe('an outage', () => {
  it.each([
    ['19 failures', { ok: 0, failed: 19 }, 'flowing'],
    ['20 failures', { ok: 0, failed: 20 }, 'braked'],
    ['half of 20', { ok: 10, failed: 10 }, 'braked'],
    ['less than half', { ok: 51, failed: 49 }, 'flowing'],
  ])('%s', async (_, seen, state) => {
    const worker = createWorker('a');
    expect(await worker()).toMatchObject({ state: 'flowing', limit: 50 });
    expect(await worker(seen)).toMatchObject({ state, limit: state === 'flowing' ? 50 : 0 });
  });

  it('is seen by the last 100 attempts, however many went well before', async () => {
    const worker = createWorker('a');
    for (let round = 0; round < 20; round += 1) await worker({ ok: 500 });
    let failures = 0;
    while ((await worker({ failed: 10 })).state === 'flowing') failures += 10;
    expect(failures).toBeLessThan(100);
  });

  it('is what failed of late: failures of a minute ago are forgotten', async () => {
    const worker = createWorker('a');
    await worker({ failed: 19 });
    nowMs += 60_000;
    expect(await worker({ failed: 10 })).toMatchObject({ state: 'flowing' });
  });

  it('is seen by all workers together', async () => {
    const [a, b] = [createWorker('a'), createWorker('b')];
    await a({ failed: 10 });
    expect(await b({ failed: 10 })).toMatchObject({ state: 'braked', cameFrom: 'flowing' });
    expect(await a()).toMatchObject({ state: 'braked', cameFrom: 'braked', limit: 0 });
  });

  it('that was noticed is not noticed again by what began before', async () => {
    const [a, b] = [createWorker('a'), createWorker('b')];
    await b();
    await a({ failed: 20 });
    nowMs += 5_000;
    await a({ wantsProbe: 'post' });
    await a({ probe: 'ok' });
    expect(await b({ failed: 50 })).toMatchObject({ state: 'recovering' });
  });
});

describe('probing', () => {
  it('one worker at a time, and not before the cooldown', async () => {
    const a = await braked();
    const b = createWorker('b');
    nowMs += 4_999;
    expect(await a({ wantsProbe: 'take' })).toMatchObject({ limit: 0, isProber: false });
    nowMs += 1;
    expect(await a({ wantsProbe: 'take' })).toMatchObject({ limit: 1, isProber: true });
    expect(await b({ wantsProbe: 'take' })).toMatchObject({ limit: 0, isProber: false });
    expect(await b({ wantsProbe: 'post' })).toMatchObject({ limit: 0, isProber: false });
  });

  it('cools down for 5, 10, 20, 40, 60, 60 s', async () => {
    const worker = await braked();
    const waits: number[] = [];
    for (let probe = 0; probe < 6; probe += 1) {
      const { probeAtMs } = await worker();
      waits.push(probeAtMs - nowMs);
      nowMs = probeAtMs;
      await worker({ wantsProbe: 'take' });
      await worker({ wantsProbe: 'post' });
      nowMs += 15_000;
      expect(await worker({ probe: 'failed' })).toMatchObject({
        state: 'braked',
        sinceMs: 1_700_000_000_000,
      });
    }
    expect(waits).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  });

  it('the cooldown is jittered downwards', async () => {
    const worker = createWorker('a');
    const { probeAtMs } = await worker({ failed: 20, random: 0.999 });
    expect(probeAtMs - nowMs).toBeGreaterThanOrEqual(3_750);
    expect(probeAtMs - nowMs).toBeLessThan(3_800);
  });

  it('a prober that died, having taken an event or having posted it, is replaced', async () => {
    const a = await braked();
    const b = createWorker('b');
    nowMs += 5_000;
    await a({ wantsProbe: 'take' });
    nowMs += 2_001;
    expect(await b({ wantsProbe: 'take' })).toMatchObject({ isProber: true });
    await b({ wantsProbe: 'post' });
    nowMs += 19_000;
    expect(await a({ wantsProbe: 'take' })).toMatchObject({ isProber: false });
    nowMs += 1_001;
    expect(await a({ wantsProbe: 'take' })).toMatchObject({ isProber: true });
    expect(await b({ probe: 'ok' })).toMatchObject({ state: 'braked' });
  });

  it('with nothing to probe with, the brake ends by itself', async () => {
    const worker = await braked();
    nowMs += 5_000 + 59_999;
    expect(await worker()).toMatchObject({ state: 'braked' });
    nowMs += 1;
    expect(await worker()).toMatchObject({ state: 'recovering', limit: 1 });
  });
});

describe('recovering', () => {
  it('doubles with each round to half of what there was, then grows by one a round, then flows', async () => {
    const worker = await recovering();
    const windows: number[] = [];
    for (let answer = await worker(); answer.state === 'recovering'; ) {
      windows.push(answer.limit);
      nowMs += 100;
      answer = await worker({ ok: answer.limit });
    }
    expect(windows).toEqual([2, 4, 8, 16, ...Array.from({ length: 25 }, (_, index) => 25 + index)]);
    expect(await worker()).toMatchObject({ state: 'flowing', limit: 50 });
  });

  it('halves when more than half of a round fails, and is braked again at the bottom', async () => {
    const worker = await recovering();
    await worker({ ok: 2 });
    await worker({ ok: 4 });
    expect(await worker({ ok: 7, failed: 1 })).toMatchObject({ window: 15 });
    expect(await worker({ failed: 8 })).toMatchObject({ state: 'recovering', window: 7 });
    expect(await worker({ failed: 4 })).toMatchObject({ window: 3 });
    expect(await worker({ failed: 2 })).toMatchObject({ window: 1 });
    const answer = await worker({ failed: 1 });
    expect(answer).toMatchObject({ state: 'braked' });
    expect(answer.probeAtMs - nowMs).toBe(10_000);
  });

  it('shares the window, to the event', async () => {
    const workers = ['a', 'b', 'c'].map((name) => createWorker(name));
    await recovering();
    for (const worker of workers) await worker();
    const limits = async () => Promise.all(workers.map(async (worker) => (await worker()).limit));
    expect(await limits()).toEqual([1, 1, 0]);
    await workers[0]?.({ ok: 2 });
    expect(await limits()).toEqual([2, 1, 1]);
    nowMs += 3_001;
    expect(await workers[2]?.()).toMatchObject({ limit: 4 });
  });

  it('a worker never gets more than it can do', async () => {
    const worker = await recovering();
    const small = createWorker('small', 3);
    for (let round = 0; round < 4; round += 1) await worker({ ok: 16 });
    expect(await small()).toMatchObject({ limit: 3 });
  });

  it('flows after half a minute without trouble, however few events there are', async () => {
    const worker = await recovering();
    nowMs += 29_999;
    expect(await worker({ ok: 1 })).toMatchObject({ state: 'recovering' });
    nowMs += 1;
    expect(await worker()).toMatchObject({ state: 'flowing' });
  });
});

describe('asked to wait', () => {
  it('takes nothing for so long, then recovers from one', async () => {
    const [a, b] = [createWorker('a'), createWorker('b')];
    await b();
    expect(await a({ failed: 1, waitMs: 7_000 })).toMatchObject({ state: 'waiting', untilMs: nowMs + 7_000 });
    expect(await b()).toMatchObject({ state: 'waiting', limit: 0 });
    nowMs += 6_999;
    expect(await a()).toMatchObject({ state: 'waiting', limit: 0 });
    nowMs += 1;
    expect(await a()).toMatchObject({ state: 'recovering', limit: 1 });
    expect(await b()).toMatchObject({ state: 'recovering', limit: 0 });
  });

  it('the longest wait holds, also one that comes in late', async () => {
    const [a, b] = [createWorker('a'), createWorker('b')];
    await b();
    await a({ waitMs: 7_000 });
    expect(await b({ waitMs: 9_000 })).toMatchObject({ untilMs: nowMs + 9_000 });
    expect(await b({ waitMs: 1_000 })).toMatchObject({ untilMs: nowMs + 9_000 });
  });

  it('what it asks for goes before what we would conclude', async () => {
    const worker = createWorker('a');
    expect(await worker({ failed: 50, waitMs: 7_000 })).toMatchObject({ state: 'waiting' });
  });

  it('a probe that is told to wait puts off the next one', async () => {
    const worker = await braked();
    nowMs += 5_000;
    await worker({ wantsProbe: 'post' });
    expect(await worker({ probe: 'failed', waitMs: 30_000 })).toMatchObject({
      state: 'braked',
      probeAtMs: nowMs + 30_000,
    });
  });

  it('429 halves the rate, at most once a second, and it rises again in time', async () => {
    const worker = createWorker('a');
    await worker();
    expect(await worker({ waitMs: 100, isLimited: true })).toMatchObject({ rate: 0.5 });
    expect(await worker({ waitMs: 100, isLimited: true })).toMatchObject({ rate: 0.5 });
    nowMs += 1_200;
    expect((await worker({ waitMs: 100, isLimited: true })).rate).toBeCloseTo(0.255);
    nowMs += 60_000;
    expect((await worker()).rate).toBeCloseTo(0.755);
    nowMs += 60_000;
    expect(await worker()).toMatchObject({ rate: 1 });
  });
});

describe('refusals', () => {
  const refuse = (worker: ReturnType<typeof createWorker>, status = 401, refusedEpoch = 0) =>
    worker({ refused: status, refusedEpoch });

  it('five of the same in half a minute hold the channel; these are letters, the others are not', async () => {
    const [a, b] = [createWorker('a'), createWorker('b')];
    for (let n = 0; n < 4; n += 1)
      expect(await refuse(n % 2 ? a : b)).toMatchObject({ state: 'flowing', isLetter: true });
    expect(await refuse(a)).toMatchObject({ state: 'held', status: 401, isLetter: true, limit: 0 });
    expect(await refuse(b)).toMatchObject({ isLetter: false });
    expect(await refuse(b, 404)).toMatchObject({ isLetter: false });
  });

  it.each([
    ['a success between', async (worker: ReturnType<typeof createWorker>) => void (await worker({ ok: 1 }))],
    ['too long between', async () => later(30_001)],
    ['another status', async (worker: ReturnType<typeof createWorker>) => void (await refuse(worker, 404))],
  ])('%s begins the count anew', async (_, between) => {
    const worker = createWorker('a');
    for (let n = 0; n < 4; n += 1) await refuse(worker);
    await between(worker);
    expect(await refuse(worker)).toMatchObject({ state: 'flowing', isLetter: true });
  });

  function later(ms: number) {
    nowMs += ms;
  }

  async function held() {
    const worker = createWorker('a');
    for (let n = 0; n < 5; n += 1) await refuse(worker);
    return worker;
  }

  it('a probe that is refused is no letter and holds on; one that is accepted releases', async () => {
    const worker = await held();
    nowMs += 5_000;
    const { epoch } = await worker({ wantsProbe: 'post' });
    const refused = await worker({ probe: 'refused', refused: 401, refusedEpoch: epoch });
    expect(refused).toMatchObject({ state: 'held', isLetter: false, probeAtMs: nowMs + 10_000 });
    nowMs += 10_000;
    await worker({ wantsProbe: 'post' });
    expect(await worker({ probe: 'ok' })).toMatchObject({ state: 'recovering', window: 2 });
  });

  it('a refusal of an attempt that began before or while the channel was held is no letter afterwards', async () => {
    const worker = await held();
    nowMs += 5_000;
    await worker({ wantsProbe: 'post' });
    const { epoch } = await worker({ probe: 'ok' });
    expect(await refuse(worker, 401, 0)).toMatchObject({ state: 'recovering', isLetter: false });
    expect(await refuse(worker, 401, epoch)).toMatchObject({ state: 'recovering', isLetter: true });
  });

  it('a new secret is tried at once', async () => {
    const worker = await held();
    expect(await worker({ wantsProbe: 'take' })).toMatchObject({ isProber: false });
    await worker({ action: 'probe' });
    expect(await worker({ wantsProbe: 'take' })).toMatchObject({ isProber: true });
  });

  it('while Re:amaze fails, a refused probe shows that it answers again', async () => {
    const worker = await braked();
    nowMs += 5_000;
    const { epoch } = await worker({ wantsProbe: 'post' });
    expect(await worker({ probe: 'refused', refused: 401, refusedEpoch: epoch })).toMatchObject({
      state: 'recovering',
      isLetter: true,
    });
  });
});

describe('a person', () => {
  it('pauses whatever the state, and the pause outlasts it', async () => {
    const worker = await braked();
    expect(await worker({ action: 'pause', who: 'kim', reason: 'OPS-1' })).toMatchObject({ isDone: true });
    expect(await worker({ action: 'pause', who: 'lee' })).toMatchObject({ isDone: false });
    nowMs += 5_000;
    expect(await worker({ wantsProbe: 'take' })).toMatchObject({ isProber: false, limit: 0 });
    nowMs += 86_400_000;
    await worker();
    nowMs += 86_400_000;
    const answer = await worker();
    expect(answer).toMatchObject({ state: 'flowing', limit: 0 });
    expect(JSON.parse(answer.pause)).toEqual({ who: 'kim', reason: 'OPS-1', atMs: 1_700_000_000_000 });
    expect(await worker({ action: 'resume' })).toMatchObject({ isDone: true, limit: 50 });
    expect(await worker({ action: 'resume' })).toMatchObject({ isDone: false });
  });

  it('releases what is braked, not what flows', async () => {
    const worker = await braked();
    expect(await worker({ action: 'release' })).toMatchObject({
      isDone: true,
      state: 'recovering',
      limit: 1,
    });
    expect(await worker({ action: 'release' })).toMatchObject({ isDone: false, state: 'recovering' });
  });

  it('who only looks changes nothing', async () => {
    const worker = createWorker('a');
    await worker({ waitMs: 1_000 });
    const stored = await redis.client.hgetall('bull:{voice-default}:callpost:brake');
    nowMs += 1_000;
    expect(await worker({ isLook: true })).toMatchObject({ state: 'recovering' });
    expect(await redis.client.hgetall('bull:{voice-default}:callpost:brake')).toEqual(stored);
  });
});

describe('stopped time', () => {
  it('is remembered stop by stop, and thinned out when there are many, never lost', async () => {
    const worker = createWorker('a');
    const startedAtMs = nowMs;
    let answer = await worker();
    for (let stop = 0; stop < 200; stop += 1) {
      await worker({ action: 'pause', who: 'kim' });
      nowMs += 1_000;
      answer = await worker({ action: 'resume' });
      nowMs += 9_000;
    }
    const points = JSON.parse(answer.history ?? '[]') as StoppedPoint[];
    expect(points.length).toBeLessThanOrEqual(128);
    const stopped = { points, stoppedAtMs: 0 };
    expect(stoppedMsBetween(stopped, startedAtMs - 1, nowMs)).toBe(200_000);
    expect(stoppedMsBetween(stopped, nowMs - 15_000, nowMs)).toBe(1_000);
    const half = stoppedMsBetween(stopped, startedAtMs + 1_000_000, nowMs);
    expect(half).toBeGreaterThan(90_000);
    expect(half).toBeLessThan(110_000);
  });

  it.each([
    [0, 100, 20],
    [12, 100, 18],
    [12, 15, 3],
    [21, 29, 0],
    [35, 45, 5],
    [50, 100, 0],
  ])('from %i to %i, stopped from 10 to 20 and from 30 to 40: %i', (sinceMs, untilMs, stoppedMs) => {
    const points: StoppedPoint[] = [
      [10, 0],
      [20, 10],
      [30, 10],
      [40, 20],
    ];
    expect(stoppedMsBetween({ points, stoppedAtMs: 0 }, sinceMs, untilMs)).toBe(stoppedMs);
  });

  it('goes on while the channel is stopped', () => {
    expect(stoppedMsBetween({ points: [], stoppedAtMs: 50 }, 0, 80)).toBe(30);
    expect(stoppedMsBetween({ points: [], stoppedAtMs: 50 }, 60, 80)).toBe(20);
    expect(
      stoppedMsBetween(
        {
          points: [
            [10, 0],
            [20, 10],
          ],
          stoppedAtMs: 50,
        },
        15,
        80,
      ),
    ).toBe(35);
  });
});
