import { fileURLToPath } from 'node:url';
import { createCallEventQueue, readChannelStatus } from '@callpost/queue';
import { eventually, sampleEvent, startProgram, startRedis, type TestRedis } from '@callpost/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { lineFaults } from './log-docs.js';

const script = (app: string) => fileURLToPath(new URL(`../../../apps/${app}/dist/main.js`, import.meta.url));
/** Nobody listens there: an event that is attempted comes back, one that is not stays where it is. */
const REAMAZE = { REAMAZE_URL: 'http://127.0.0.1:1/voice', REAMAZE_SHARED_SECRET: 'secret' };

const EVICTING = ['--appendonly', 'yes', '--maxmemory-policy', 'allkeys-lru'];
const WITHOUT_LOG = ['--appendonly', 'no', '--maxmemory-policy', 'noeviction'];
const NOT_SYNCED = ['--appendonly', 'yes', '--appendfsync', 'no'];
const EVERYSEC = ['--appendonly', 'yes', '--appendfsync', 'everysec'];
/** As managed ones do. */
const HIDDEN = ['--rename-command', 'CONFIG', '', '--maxmemory-policy', 'noeviction'];
const HIDDEN_EVICTING = ['--rename-command', 'CONFIG', '', '--maxmemory-policy', 'volatile-lru'];

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function redisWith(settings: readonly string[]): Promise<TestRedis> {
  const redis = await startRedis(settings);
  cleanups.push(() => redis.stop());
  return redis;
}

function startWorker(redis: TestRedis, environment: Readonly<Record<string, string>> = {}) {
  const worker = startProgram(script('worker'), {
    REDIS_URL: redis.url,
    METRICS_PORT: '0',
    SHUTDOWN_GRACE_MS: '500',
    ...REAMAZE,
    ...environment,
  });
  cleanups.push(() => {
    worker.kill('SIGKILL');
    const ours = worker.lines.filter(({ text }) => text === undefined);
    expect(ours.flatMap(lineFaults)).toEqual([]);
  });
  return worker;
}

async function doctor(redis: TestRedis) {
  const program = startProgram(script('cli'), { REDIS_URL: redis.url, ...REAMAZE }, ['doctor', '-o', 'json']);
  await program.exited();
  const { checks } = JSON.parse(program.output()) as { checks: { check: string; verdict: string }[] };
  return checks.filter(({ check }) => check.startsWith('redis'));
}

async function sendOne(redis: TestRedis): Promise<void> {
  const queue = createCallEventQueue({ redis: redis.url });
  await queue.send(sampleEvent({ id: 'one' }));
  await queue.close();
}

describe('a Redis that can lose what it acknowledged', () => {
  it.each([
    ['evicts', EVICTING, 'maxmemory-policy', 'allkeys-lru', 'noeviction'],
    ['keeps no log', WITHOUT_LOG, 'appendonly', 'no', 'yes'],
    ['leaves the disk to the kernel', NOT_SYNCED, 'appendfsync', 'no', 'everysec'],
    ['evicts, and hides CONFIG', HIDDEN_EVICTING, 'maxmemory-policy', 'volatile-lru', 'noeviction'],
  ])('that %s is refused, by worker and doctor alike', async (_, settings, check, found, wanted) => {
    const redis = await redisWith(settings);
    await sendOne(redis);
    const worker = startWorker(redis);
    expect(await worker.exited()).toBe(3);
    expect(await worker.line({ level: 60 })).toMatchObject({ checks: [check] });
    expect(worker.lines.filter(({ msg }) => msg === 'worker ready' || msg === 'attempt')).toEqual([]);
    const told = worker.output();
    expect(told).toMatch(new RegExp(`\\n  ${check} +found ${found}, wanted ${wanted}.*\\n +\\S.*\\n\\n`));
    expect(told).toContain('To start on this Redis all the same: REDIS_SAFETY=warn\n');
    expect((await readChannelStatus(redis.client, 'default')).counts).toMatchObject({ waiting: 1 });
    const losses = (await doctor(redis)).filter(({ verdict }) => verdict === 'loses events');
    expect(losses.map((one) => one.check)).toEqual([`redis ${check}`]);
  });

  it('is taken with REDIS_SAFETY=warn, loudly', async () => {
    const redis = await redisWith([...EVICTING.slice(2), ...WITHOUT_LOG.slice(0, 2)]);
    await sendOne(redis);
    const worker = startWorker(redis, { REDIS_SAFETY: 'warn' });
    await worker.line({ msg: 'attempt', eventId: 'one' });
    const errors = worker.lines.filter(({ level }) => level === 50);
    expect(errors.map(({ check, found }) => `${check} ${found}`)).toEqual([
      'maxmemory-policy allkeys-lru',
      'appendonly no',
    ]);
  });
});

describe('a Redis that can be trusted', () => {
  it('is taken without a word: log synced every second, nothing evicted', async () => {
    const worker = startWorker(await redisWith(EVERYSEC));
    await worker.line({ msg: 'worker ready' });
    expect(worker.lines.filter(({ level }) => Number(level) > 30)).toEqual([]);
  });

  it('or that hides CONFIG is taken, with a warning for each thing that it would not say', async () => {
    const redis = await redisWith(HIDDEN);
    const worker = startWorker(redis);
    await worker.line({ msg: 'worker ready' });
    const warnings = worker.lines.filter(({ level }) => level === 40).map(({ check }) => check);
    expect(warnings).toEqual(['appendonly', 'appendfsync']);
    const unknown = (await doctor(redis)).filter(({ verdict }) => verdict === 'unknown');
    expect(unknown.map(({ check }) => check)).toEqual(['redis appendonly', 'redis appendfsync']);
  });
});

describe('a Redis that is away when the worker starts', () => {
  it('is waited for, and checked once it is there, before an event is taken', async () => {
    const redis = await redisWith(EVICTING);
    await sendOne(redis);
    await redis.crash();
    const worker = startWorker(redis);
    const { metricsUrl } = await worker.line({ msg: 'worker started' });
    const ready = () => fetch(String(metricsUrl).replace('/metrics', '/readyz'));
    expect((await ready()).status).toBe(503);
    expect(await (await ready()).text()).toBe('Redis is not checked yet\n');
    worker.kill('SIGHUP');
    await worker.line({ msg: 'Redis trouble' });
    await redis.restart();
    expect(await worker.exited()).toBe(3);
    expect(worker.lines.filter(({ msg }) => msg === 'attempt')).toEqual([]);
  });

  it('does not keep the worker from ending on SIGTERM', async () => {
    const redis = await redisWith(EVERYSEC);
    await redis.crash();
    const worker = startWorker(redis);
    await worker.line({ msg: 'Redis trouble' });
    worker.kill('SIGTERM');
    expect(await worker.exited()).toBe(0);
  });
});

it('a Redis that becomes unsafe while the worker runs, as by a failover, is told of and not fled', async () => {
  const redis = await redisWith(EVERYSEC);
  const worker = startWorker(redis);
  await worker.line({ msg: 'worker ready' });
  await redis.client.config('SET', 'maxmemory-policy', 'allkeys-lru');
  await redis.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  await worker.line({ level: 50, check: 'maxmemory-policy' });
  await sendOne(redis);
  await eventually(() => worker.line({ msg: 'attempt', eventId: 'one' }));
});
