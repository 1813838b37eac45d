import { sampleEvent, startCluster, type TestCluster, writeDeadLetters } from '@callpost/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  connectRedis,
  countDeadLetters,
  createDiscarder,
  createReplayer,
  openRedis,
  pageDeadLetters,
  planRun,
  type RedisConnection,
  readChannel,
  readRedisMemory,
  reindexDeadLetters,
  summariseCauses,
} from '../src/index.js';
import { laneKeys } from '../src/lanes/lane-keys.js';
import { letterTruths } from '../src/replay/letter-truth.js';
import { bringHome, hasStrayLetters } from '../src/shards/bring-home.js';
import { homeOfCall, homes, type Layout, layoutKey } from '../src/shards/layout.js';

const CHANNEL = 'default';
const LAYOUT: Layout = { generation: 1, shards: 4, former: [1, 2] };
const COUNT = 24;

let cluster: TestCluster;
let redis: RedisConnection;

beforeAll(async () => {
  cluster = await startCluster();
  redis = connectRedis(cluster.url, 'tool');
  await openRedis(redis);
}, 60_000);
afterAll(async () => {
  redis.disconnect();
  await cluster.stop();
});

it('of its servers the fullest is the one whose memory is told', async () => {
  const masters = cluster.client.nodes('master');
  for (const [index, master] of masters.entries()) {
    await master.config('SET', 'maxmemory', index === 1 ? '64mb' : '512mb');
  }
  const { port } = masters[1]?.options ?? {};
  for (let look = 0; look < 5; look += 1) {
    expect(await readRedisMemory(redis)).toMatchObject({
      server: `127.0.0.1:${port}`,
      limitBytes: 64 * 1_048_576,
    });
  }
});

it('whose homes are on several servers is read, brought home and replayed as on one', async () => {
  await redis.set(layoutKey(CHANNEL), JSON.stringify(LAYOUT));
  const all = [CHANNEL, ...homes(CHANNEL, 4)];
  for (let index = 0; index < COUNT; index += 1) {
    const event = sampleEvent({ id: `e${index}`, thread_id: `call-${index % 6}` });
    const letter = {
      event,
      reason: 'http_422',
      status: 422,
      excerpt: 'refused',
      atMs: 1_700_000_000_000 + index,
    };
    await writeDeadLetters(cluster.client as never, [letter], all[index % all.length]);
  }
  const newestFirst = Array.from({ length: COUNT }, (_, index) => `e${COUNT - 1 - index}`);
  const page = await pageDeadLetters(redis, CHANNEL, { filter: {}, limit: 10 });
  expect(page.letters.map(({ eventId }) => eventId)).toEqual(newestFirst.slice(0, 10));
  expect((await readChannel(redis, CHANNEL)).status.counts.dead).toBe(COUNT);
  expect(await summariseCauses(redis, CHANNEL)).toMatchObject([{ count: COUNT }]);
  expect(await reindexDeadLetters(redis, CHANNEL)).toBe(COUNT);

  const planned = await planRun(redis, {
    channel: CHANNEL,
    filter: {},
    who: 'sre',
    now: Date.now,
    newId: () => 'run-1',
  });
  expect(planned).toMatchObject({ status: 'planned', run: { count: COUNT } });
  expect((await bringHome(redis, CHANNEL, LAYOUT)).held).toBe(0);
  expect(await hasStrayLetters(redis, CHANNEL, LAYOUT)).toBe(false);
  expect(await countDeadLetters(redis, CHANNEL)).toBe(COUNT);

  const replayer = createReplayer({ redis, channel: CHANNEL, now: Date.now });
  expect(await replayer.replay('e.e0')).toBe('replayed');
  await replayer.close();
  const call = 'thread:call-0';
  expect(await redis.hget(laneKeys(homeOfCall(CHANNEL, 4, call)).firsts, call)).toBe('e.e0');
  const letter = { jobId: 'e.e1', diedAtMs: 1_700_000_000_001, call: 'thread:call-1', enqueueOrder: 1 };
  expect(await letterTruths(redis, { channel: CHANNEL, id: 'run-1' }, [letter])).toEqual(['as_planned']);
  expect(await createDiscarder({ redis, channel: CHANNEL }).discard('e.e1')).toBe('discarded');
  expect(await countDeadLetters(redis, CHANNEL)).toBe(COUNT - 2);
});
