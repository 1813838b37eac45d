import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createCallEventQueue, EventNotAcknowledgedError } from '@callpost/queue';
import {
  eventually,
  type Program,
  type Sink,
  sampleEvent,
  sampleEvents,
  startCluster,
  startProgram,
  startSentinel,
  startSink,
} from '@callpost/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const WORKER = fileURLToPath(new URL('../../../apps/worker/dist/main.js', import.meta.url));
const CLI = fileURLToPath(new URL('../../../apps/cli/dist/main.js', import.meta.url));
const SECRET = 'right';
const CHANNELS = ['north', 'south', 'east'];

const folder = mkdtempSync(join(tmpdir(), 'callpost-servers-'));
const channelsFile = join(folder, 'channels.json');
const eventsFile = join(folder, 'events.ndjson');
writeFileSync(
  channelsFile,
  JSON.stringify({ channels: CHANNELS.map((name) => ({ name, secretEnv: 'SECRET' })) }),
);
writeFileSync(
  eventsFile,
  sampleEvents(20, 'ok')
    .map((event) => `${JSON.stringify(event)}\n`)
    .join(''),
);

let sink: Sink;
const workers: Program[] = [];
beforeAll(async () => {
  sink = await startSink(SECRET);
});
afterEach(async () => {
  for (const worker of workers.splice(0)) {
    worker.kill('SIGKILL');
    await worker.exited();
  }
});
afterAll(async () => {
  await sink.stop();
  rmSync(folder, { recursive: true });
});

const environmentOf = (url: string) => ({
  REDIS_URL: url,
  REAMAZE_URL: sink.url,
  CHANNELS_FILE: channelsFile,
  SECRET,
  METRICS_PORT: '0',
});

function callpost(url: string, args: readonly string[]) {
  return new Promise<{ code: number; output: string }>((resolve) => {
    const env = { PATH: process.env.PATH, ...environmentOf(url) };
    execFile(process.execPath, [CLI, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr }),
    );
  });
}

describe.each([
  { name: 'a master that sentinels watch', start: startSentinel },
  { name: 'a cluster', start: startCluster },
])('$name', ({ start }) => {
  let redis: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => {
    redis = await start();
  });
  afterAll(() => redis.stop());

  it('is used by producer, worker and every kind of command alike', async () => {
    const worker = startProgram(WORKER, environmentOf(redis.url));
    workers.push(worker);
    await worker.line({ msg: 'worker ready' });
    for (const channel of CHANNELS) {
      const queue = createCallEventQueue({ redis: redis.url, channel });
      const events = ['ok_', 'patch_'].map((kind) => sampleEvent({ id: `${kind}${channel}` }));
      const answers = await queue.sendMany(events);
      expect(answers.map(({ status }) => status)).toEqual(['accepted', 'accepted']);
      expect(await queue.send(events[0])).toMatchObject({ status: 'duplicate' });
      await queue.close();
    }
    expect(await callpost(redis.url, ['send', eventsFile, '--channel', 'north'])).toMatchObject({
      code: 0,
      output: expect.stringMatching(/accepted +20/),
    });
    await eventually(async () => {
      const { output } = await callpost(redis.url, ['status', '--output', 'json']);
      const { channels } = JSON.parse(output) as { channels: { counts?: object }[] };
      expect(channels.length).toBeGreaterThanOrEqual(CHANNELS.length);
      expect(output).not.toMatch(/"(waiting|inFlight|in_flight|retrying|parked)": ?[1-9]/);
      expect(output).toMatch(/"dead": ?3/);
    });
    expect((await callpost(redis.url, ['doctor'])).output).toContain('reachable');
    expect((await callpost(redis.url, ['dlq', 'list'])).output).toContain('patch_south');
    expect((await callpost(redis.url, ['dlq', 'causes'])).output).toContain('http_422');

    const patch = join(folder, 'patch.json');
    writeFileSync(patch, '{"assignee":{"email":"fixed@example.com"}}');
    const start = ['replay', 'start', '--reason', 'http_422', '--patch', patch, '--yes'];
    const started = await callpost(redis.url, [...start, '--comment', 'assignee created']);
    expect(started, started.output).toMatchObject({ code: 0 });
    await eventually(async () => {
      const { accepted } = await sink.report();
      for (const channel of CHANNELS) expect(accepted[`patch_${channel}`]?.times).toBeGreaterThan(0);
    });
    expect((await callpost(redis.url, ['audit'])).output).toContain('replay');
  }, 90_000);
});

it('a channel of six shards is on every master of a cluster, and goes on when one of them fails', async () => {
  const redis = await startCluster();
  const shardsFile = join(folder, 'shards.json');
  writeFileSync(shardsFile, JSON.stringify({ channels: [{ name: 'wide', secretEnv: 'SECRET', shards: 6 }] }));
  const worker = startProgram(WORKER, { ...environmentOf(redis.url), CHANNELS_FILE: shardsFile });
  workers.push(worker);
  const queue = createCallEventQueue({ redis: redis.url, channel: 'wide' });
  const send = async (prefix: string) => {
    const events = Array.from({ length: 60 }, (_, index) => sampleEvent({ id: `ok_${prefix}-${index}` }));
    await eventually(() => queue.sendMany(events), 30_000);
    await eventually(async () => {
      const { accepted } = await sink.report();
      for (const { id } of events) expect(accepted[id]?.times, id).toBeGreaterThan(0);
    }, 60_000);
  };
  try {
    await worker.line({ msg: 'channel consumed' });
    await eventually(() => redis.client.exists('bull:{voice-wide}:callpost:layout').then(Boolean));
    await send('before');
    const queues = await Promise.all(
      redis.client.nodes('master').map((master) => master.keys('bull:{voice-wide.*}:id')),
    );
    expect(queues.flat()).toHaveLength(6);
    expect(Math.min(...queues.map((keys) => keys.length))).toBeGreaterThan(0);
    await redis.failOver('bull:{voice-wide.3}:id');
    await send('after');
  } finally {
    await queue.close();
    await redis.stop();
  }
}, 120_000);

it('with durability replica an event that no replica has is not acknowledged, and can be sent again', async () => {
  const redis = await startSentinel();
  const queue = createCallEventQueue({ redis: redis.url, durability: 'replica', replicaTimeoutMs: 300 });
  try {
    expect(await queue.send(sampleEvent({ id: 'first' }))).toMatchObject({ status: 'accepted' });
    redis.freezeReplica();
    const refused = await queue.send(sampleEvent({ id: 'second' })).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(EventNotAcknowledgedError);
    expect(String(refused)).toContain('no replica confirmed it within 300 ms');
    redis.thawReplica();
    const again = await eventually(() => queue.send(sampleEvent({ id: 'second' })));
    expect(again).toMatchObject({ status: 'duplicate', first: 'waiting' });
  } finally {
    await queue.close();
    await redis.stop();
  }
}, 60_000);
