import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCallEventQueue, readChannelStatus } from '@callpost/queue';
import { eventually, sampleEvent, sampleEvents, startSink, writeDeadLetters } from '@callpost/testkit';
import { describe, expect, it } from 'vitest';
import { useStage } from './stage.js';
import type { WorkerProcess } from './worker-process.js';

const stage = useStage();

const counts = async () => (await readChannelStatus(stage.redis.client, 'default')).counts;
const accepted = async () => Object.keys((await stage.sink.report()).accepted).length;
const statusOf = async (worker: WorkerProcess, path: string) =>
  (await fetch(`${worker.opsUrl}${path}`)).status;

describe('Redis in trouble: the worker goes on by itself', () => {
  const troubles: ReadonlyArray<readonly [string, () => Promise<void>]> = [
    [
      'killed and started again',
      async () => {
        await stage.redis.crash();
        await sleep(1_500);
        await stage.redis.restart();
      },
    ],
    [
      'frozen for 10 s',
      async () => {
        stage.redis.freeze();
        await sleep(10_000);
        stage.redis.thaw();
      },
    ],
    [
      'dropping every connection',
      async () => void (await stage.redis.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')),
    ],
  ];

  it.each(troubles)(
    '%s',
    async (_, trouble) => {
      const worker = await stage.start();
      await stage.queue.sendMany(sampleEvents(20, 'ok_before'));
      await eventually(async () => expect(await accepted()).toBe(20));

      const startedAtMs = Date.now();
      const troubled = trouble();
      const readiness: number[] = [];
      const watch = async () => {
        readiness.push(await statusOf(worker, '/readyz'));
        expect(await statusOf(worker, '/livez')).toBe(200);
      };
      await Promise.race([
        troubled,
        eventually(() => watch().then(() => false as boolean), 60_000).catch(() => undefined),
      ]);
      await troubled;
      await eventually(async () => expect(await statusOf(worker, '/readyz')).toBe(200));
      if (Date.now() - startedAtMs > 1_000) expect(readiness).toContain(503);

      await eventually(() => stage.queue.sendMany(sampleEvents(20, 'ok_after')));
      await eventually(async () => expect(await accepted()).toBe(40));
      const seconds = (Date.now() - startedAtMs) / 1_000;
      // A line a second for each part that is in trouble.
      const errors = worker.lines.filter(({ level }) => Number(level) >= 50).map(({ msg }) => msg);
      for (const msg of new Set(errors)) {
        expect(errors.filter((one) => one === msg).length).toBeLessThanOrEqual(Math.ceil(seconds) + 1);
      }
      await eventually(async () =>
        expect(await counts()).toMatchObject({ waiting: 0, in_flight: 0, retrying: 0, dead: 0 }),
      );
    },
    60_000,
  );
});

it('starts before Redis does', async () => {
  await stage.redis.crash();
  const worker = await stage.start(undefined, 'worker started');
  expect(await statusOf(worker, '/readyz')).toBe(503);
  expect(await statusOf(worker, '/livez')).toBe(200);
  await stage.redis.restart();
  await eventually(() => stage.queue.sendMany(sampleEvents(3, 'ok')));
  await eventually(async () => expect(await accepted()).toBe(3));
});

describe('a secret that rotates', () => {
  const secretFile = () => join(mkdtempSync(join(tmpdir(), 'callpost-secret-')), 'secret');

  it.each([
    ['on SIGHUP', (worker: WorkerProcess) => worker.kill('SIGHUP')],
    ['when its file changes', () => undefined],
  ])('is read again %s', async (_, tell) => {
    const file = secretFile();
    writeFileSync(file, 'wrong\n');
    const worker = await stage.start({ REAMAZE_SHARED_SECRET_FILE: file });
    await stage.queue.send(sampleEvent({ id: 'ok_1' }));
    await worker.line({ msg: 'attempt', eventId: 'ok_1', reason: 'http_401' });
    writeFileSync(file, 'right\n');
    tell(worker);
    await worker.line({ msg: 'channel changed' });
    await stage.queue.send(sampleEvent({ id: 'ok_2' }));
    await worker.line({ msg: 'attempt', eventId: 'ok_2', outcome: 'delivered' });
    expect(worker.output()).not.toMatch(/right|wrong/);
  });
});

it('does not consume a channel without a secret, loses nothing of it, and begins when it has one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'callpost-channels-'));
  const file = join(folder, 'channels.yaml');
  const secret = join(folder, 'secret');
  writeFileSync(file, `channels: [{ name: default, secretFile: ${secret} }]`);
  const worker = await stage.start({ CHANNELS_FILE: file });
  await worker.line({ level: 50, msg: 'channel not consumed: no secret; its events wait' });
  await stage.queue.sendMany(sampleEvents(5, 'ok'));
  const metrics = await (await fetch(`${worker.opsUrl}/metrics`)).text();
  expect(metrics).toContain('callpost_channel_unconfigured{channel="default"} 1');
  expect(metrics).toContain('callpost_queue_jobs{channel="default",state="waiting"} 1');
  expect(metrics).toContain('callpost_queue_jobs{channel="default",state="parked"} 4');
  writeFileSync(secret, 'right');
  await eventually(async () => expect(await accepted()).toBe(5));
});

it('says nothing more of a channel that is taken out of its file, whether it ran or had no secret', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'callpost-channels-')), 'channels.yaml');
  const channels = (...all: string[]) => writeFileSync(file, `channels: [${all.join()}]`);
  channels(
    '{ name: stays, secret: right }',
    '{ name: ran, secret: right }',
    '{ name: waited, secretFile: /none }',
  );
  const worker = await stage.start({ CHANNELS_FILE: file });
  const labels = async (metric: string) => {
    const text = await (await fetch(`${worker.opsUrl}/metrics`)).text();
    return [...text.matchAll(new RegExp(`^callpost_${metric}{channel="(.*)"} (.*)$`, 'gm'))]
      .map(([, channel, value]) => `${channel} ${value}`)
      .sort();
  };
  expect(await labels('channel_unconfigured')).toEqual(['ran 0', 'stays 0', 'waited 1']);
  channels('{ name: stays, secret: right }');
  worker.kill('SIGHUP');
  await eventually(async () => expect(await labels('channel_concurrency_limit')).toEqual(['stays 100']));
  expect(await labels('channel_unconfigured')).toEqual(['stays 0']);
});

it('keeps to maxPerSecond over all workers, and to each channel its own url and secret', async () => {
  const other = await startSink('other');
  const file = join(mkdtempSync(join(tmpdir(), 'callpost-channels-')), 'channels.yaml');
  writeFileSync(
    file,
    `channels:
  - { name: default, secret: right, maxPerSecond: 5 }
  - { name: sales, secret: other, url: "${other.url}" }`,
  );
  await stage.start({ CHANNELS_FILE: file });
  await stage.start({ CHANNELS_FILE: file });
  const sales = createCallEventQueue({ redis: stage.redis.url, channel: 'sales' });
  await Promise.all([stage.queue.sendMany(sampleEvents(15, 'ok')), sales.sendMany(sampleEvents(15, 'ok'))]);
  await eventually(async () => expect(await accepted()).toBe(15));
  const { requests } = await stage.sink.report();
  const spanMs = (requests.at(-1)?.atMs ?? 0) - (requests[0]?.atMs ?? 0);
  // 15 events at 5 a second are three windows: the last begins no sooner than two seconds after the first.
  expect(spanMs).toBeGreaterThan(1_500);
  const report = await other.report();
  expect(report.requests.filter(({ valid }) => valid)).toHaveLength(15);
  await sales.close();
  await other.stop();
});

it('takes over a changed channels file while it runs: channels come, go, change and are divided', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'callpost-channels-')), 'channels.yaml');
  const write = (...channels: string[]) =>
    writeFileSync(file, `channels:\n${channels.map((one) => `  - ${one}\n`).join('')}`);
  write('{ name: default, secret: right }', '{ name: leaving, secret: right }');
  const worker = await stage.start({ CHANNELS_FILE: file });
  await worker.line({ msg: 'channel consumed', channel: 'leaving' });
  write('{ name: default, secret: right, concurrency: 3 }', '{ name: coming, secret: right }');
  await worker.line({ msg: 'channel consumed', channel: 'coming' });
  await worker.line({ msg: 'channel no longer consumed as it was', channel: 'leaving' });

  const coming = createCallEventQueue({ redis: stage.redis.url, channel: 'coming' });
  const leaving = createCallEventQueue({ redis: stage.redis.url, channel: 'leaving' });
  await Promise.all([
    stage.queue.sendMany(sampleEvents(5, 'ok_d')),
    coming.sendMany(sampleEvents(5, 'ok_c')),
  ]);
  await leaving.send(sampleEvent({ id: 'ok_l' }));
  await eventually(async () => expect(await accepted()).toBe(10));
  expect((await readChannelStatus(stage.redis.client, 'leaving')).counts).toMatchObject({
    waiting: 1,
    in_flight: 0,
  });

  write('{ name: default, secret: right, concurrency: 3 }', '{ name: coming, secret: right, shards: 2 }');
  await worker.line({ msg: 'channel divided', channel: 'coming', shards: 2 });
  await coming.sendMany(sampleEvents(50, 'ok_s'));
  await eventually(async () => expect(await accepted()).toBe(60));

  writeFileSync(file, 'channels: [');
  await worker.line({ msg: 'channels not reloaded: the old ones are used on' });
  await stage.queue.send(sampleEvent({ id: 'ok_still' }));
  await worker.line({ msg: 'attempt', eventId: 'ok_still', outcome: 'delivered' });
  await Promise.all([coming.close(), leaving.close()]);
});

it('drops dead letters only when told so, of the age told, and appends them to a file first', async () => {
  const dayMs = 86_400_000;
  const planted = (id: string, ageDays: number) => ({
    event: sampleEvent({ id }),
    reason: 'http_422',
    status: 422,
    excerpt: 'refused',
    atMs: Date.now() - ageDays * dayMs,
  });
  await writeDeadLetters(stage.redis.client, [
    planted('old-1', 40),
    planted('old-2', 31),
    planted('young', 29),
  ]);
  const keeps = await stage.start();
  expect(await counts()).toMatchObject({ dead: 3 });
  await keeps.stop();

  const folder = join(mkdtempSync(join(tmpdir(), 'callpost-letters-')), 'dropped');
  const drops = await stage.start({
    REAMAZE_SHARED_SECRET: 'right',
    DLQ_RETENTION_DAYS: '30',
    DLQ_RETENTION_EXPORT_DIR: folder,
  });
  await drops.line({ msg: 'dead letters dropped because of their age', dropped: 2 });
  expect(await counts()).toMatchObject({ dead: 1 });
  const file = join(folder, 'dead-letters-default.ndjson');
  const exported = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).eventId);
  expect(exported).toEqual(['old-1', 'old-2']);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const metrics = await (await fetch(`${drops.opsUrl}/metrics`)).text();
  expect(metrics).toContain('callpost_dead_letters_dropped_total{channel="default"} 2');
});
