import { eventually, startRedis, type TestRedis } from '@callpost/testkit';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type AuditEntry, connectRedis, readAudit, recordAudit, startAuditLog } from '../src/index.js';

let redis: TestRedis;
const logs: ReturnType<typeof startAuditLog>[] = [];

beforeAll(async () => {
  redis = await startRedis();
});
afterEach(async () => {
  await Promise.all(logs.splice(0).map((log) => log.stop()));
  await redis.client.flushall();
});
afterAll(() => redis.stop());

const entry = (atMs: number): AuditEntry => ({
  atMs,
  who: 'sre',
  via: 'cli',
  action: 'discard',
  channel: 'default',
  filter: { reason: 'http_422' },
  counts: { discarded: 20 },
  comment: 'fixed the numbers',
});

function startLog(workerName: string) {
  const logged: AuditEntry[] = [];
  const errors: unknown[] = [];
  const client = connectRedis(redis.url, 'tool');
  const log = startAuditLog({
    redis: client,
    workerName,
    lookEveryMs: 20,
    onEntry: (one) => logged.push(one),
    onError: (error) => errors.push(error),
  });
  logs.push(log);
  return { log, logged, errors };
}

const times = (entries: readonly AuditEntry[]) => entries.map(({ atMs }) => atMs).sort((a, b) => a - b);

it('keeps what was done, newest first; what another program wrote into it hides nothing', async () => {
  await recordAudit(redis.client, entry(1));
  await redis.client.xadd('callpost:audit', '*', 'entry', '{oops');
  await recordAudit(redis.client, entry(2));
  expect(await readAudit(redis.client, 10)).toEqual([entry(2), entry(1)]);
});

it('each entry is logged by one worker of several, also what came before the first of them', async () => {
  await recordAudit(redis.client, entry(0));
  const [first, second] = [startLog('worker-1'), startLog('worker-2')];
  for (let atMs = 1; atMs < 300; atMs += 1) await recordAudit(redis.client, entry(atMs));
  const all = () => times([...first.logged, ...second.logged]);
  await eventually(() => expect(all()).toHaveLength(300));
  expect(all()).toEqual(Array.from({ length: 300 }, (_, atMs) => atMs));
});

it('goes on after Redis was emptied, and after the worker that read before has stopped', async () => {
  const first = startLog('worker-1');
  await recordAudit(redis.client, entry(1));
  await eventually(() => expect(times(first.logged)).toEqual([1]));
  await redis.client.flushall();
  await recordAudit(redis.client, entry(2));
  await eventually(() => expect(times(first.logged)).toEqual([1, 2]));
  expect(first.errors).toHaveLength(1);
  await first.log.stop();
  await recordAudit(redis.client, entry(3));
  const second = startLog('worker-2');
  await eventually(() => expect(times(second.logged)).toEqual([3]));
  expect(times(first.logged)).toEqual([1, 2]);
  await eventually(async () =>
    expect(await redis.client.xinfo('CONSUMERS', 'callpost:audit', 'log')).toHaveLength(1),
  );
});

it('what a worker took before it died is logged by another', async () => {
  await recordAudit(redis.client, entry(1));
  await redis.client.xgroup('CREATE', 'callpost:audit', 'log', '0');
  await redis.client.xreadgroup('GROUP', 'log', 'dead', 'COUNT', 1, 'STREAMS', 'callpost:audit', '>');
  const [[id] = ['']] = await redis.client.xrange('callpost:audit', '-', '+');
  await redis.client.xclaim('callpost:audit', 'log', 'dead', 0, id, 'IDLE', 60_000);
  const { logged } = startLog('worker-1');
  await eventually(() => expect(times(logged)).toEqual([1]));
});
