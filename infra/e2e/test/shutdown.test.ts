import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCallEventQueue, readChannelStatus } from '@callpost/queue';
import { eventually, sampleEvent, startTcpProxy } from '@callpost/testkit';
import { describe, expect, it } from 'vitest';
import { SECRET, useStage } from './stage.js';

/** Longer than any test may take: a worker that sits it out fails the test. */
const ENDLESS_MS = '600000';
const SETTLED = { waiting: 0, in_flight: 0, retrying: 0, dead: 0 };
const WITH_SOME_LEFT = {
  msg: 'worker stopped, but Redis did not take back all that it held; another worker takes that up when its locks run out',
};

const stage = useStage();
const KNOWS_SECRET = { REAMAZE_SHARED_SECRET: SECRET };

const counts = async (channel = 'default') => (await readChannelStatus(stage.redis.client, channel)).counts;
const requestsAre = (count: number) =>
  eventually(async () => expect((await stage.sink.report()).requests).toHaveLength(count));
/** All of them are in flight at a time. */
const ofTenCalls = (prefix: string) =>
  Array.from({ length: 10 }, (_, n) => sampleEvent({ id: `${prefix}${n}` }));
const accepted = async () => Object.values((await stage.sink.report()).accepted).map(({ times }) => times);

describe('SIGTERM', () => {
  it('lets the attempts under way finish and exits with 0', async () => {
    const worker = await stage.start(KNOWS_SECRET);
    await stage.queue.sendMany(ofTenCalls('slow-800_'));
    await requestsAre(10);
    expect(await worker.stop()).toBe(0);
    expect(await accepted()).toEqual(Array(10).fill(1));
    expect(await counts()).toMatchObject(SETTLED);
  });

  it('hands back what does not finish in the grace, and spends no attempt on it', async () => {
    const worker = await stage.start({
      ...KNOWS_SECRET,
      SHUTDOWN_GRACE_MS: '100',
      REQUEST_TIMEOUT_MS: '20000',
    });
    await stage.queue.send(sampleEvent({ id: 'hang_1' }));
    await requestsAre(1);
    expect(await worker.stop()).toBe(0);
    expect(await counts()).toMatchObject({ ...SETTLED, waiting: 1 });
    const next = await stage.start(KNOWS_SECRET);
    expect(await next.line({ msg: 'attempt', eventId: 'hang_1' })).toMatchObject({
      attempt: 1,
      outcome: 'delivered',
    });
  });

  it('lets the attempts of a channel finish that was taken away just before', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'callpost-channels-')), 'channels.yaml');
    const write = (channel: string) =>
      writeFileSync(file, `channels: [{ name: ${channel}, secret: ${SECRET} }]`);
    write('leaving');
    const worker = await stage.start({ CHANNELS_FILE: file });
    const leaving = createCallEventQueue({ redis: stage.redis.url, channel: 'leaving' });
    await leaving.sendMany(ofTenCalls('slow-1200_'));
    await leaving.close();
    await requestsAre(10);
    write('coming');
    worker.kill('SIGHUP');
    await worker.line({ msg: 'channel no longer consumed as it was' });
    expect(await worker.stop()).toBe(0);
    expect(await accepted()).toEqual(Array(10).fill(1));
    expect(await counts('leaving')).toMatchObject(SETTLED);
  });
});

interface Outage {
  /** Of Redis, for the workers. */
  readonly url: string;
  begin(): unknown;
  end(): unknown;
  close(): unknown;
}

const OUTAGES: Readonly<Record<string, () => Promise<Outage>>> = {
  'killed -9': async () => ({
    url: stage.redis.url,
    begin: () => stage.redis.crash(),
    end: () => stage.redis.restart(),
    close: () => undefined,
  }),
  frozen: async () => ({
    url: stage.redis.url,
    begin: () => stage.redis.freeze(),
    end: () => stage.redis.thaw(),
    close: () => undefined,
  }),
  'cut off': async () => {
    const proxy = await startTcpProxy({ path: stage.redis.url.slice('unix://'.length) });
    return {
      url: `redis://127.0.0.1:${proxy.port}`,
      begin() {
        proxy.trouble({ refuse: true });
        proxy.cut();
      },
      end: () => proxy.trouble({}),
      close: () => proxy.stop(),
    };
  },
};

describe.each(Object.entries(OUTAGES))('SIGTERM with Redis %s', (_, open) => {
  const during = async (test: (outage: Outage) => Promise<void>) => {
    const outage = await open();
    try {
      await test(outage);
    } finally {
      await outage.close();
    }
  };

  it('ends at once when nothing is in flight', () =>
    during(async (outage) => {
      const worker = await stage.start({
        ...KNOWS_SECRET,
        REDIS_URL: outage.url,
        SHUTDOWN_GRACE_MS: ENDLESS_MS,
      });
      await outage.begin();
      expect(await worker.stop()).toBe(0);
      await outage.end();
    }));

  it('settles all when Redis is back within the grace', () =>
    during(async (outage) => {
      const worker = await stage.start({
        ...KNOWS_SECRET,
        REDIS_URL: outage.url,
        SHUTDOWN_GRACE_MS: '20000',
      });
      await stage.queue.sendMany(ofTenCalls('slow-500_'));
      await requestsAre(10);
      await outage.begin();
      worker.kill('SIGTERM');
      await eventually(async () => expect(await accepted()).toHaveLength(10));
      await outage.end();
      expect(await worker.exited()).toBe(0);
      expect(await counts()).toMatchObject(SETTLED);
      expect(await accepted()).toEqual(Array(10).fill(1));
    }));

  it('hands all back when Redis is back soon after the grace', () =>
    during(async (outage) => {
      const worker = await stage.start({
        ...KNOWS_SECRET,
        REDIS_URL: outage.url,
        SHUTDOWN_GRACE_MS: '500',
        REQUEST_TIMEOUT_MS: '20000',
      });
      await stage.queue.send(sampleEvent({ id: 'hang_1' }));
      await requestsAre(1);
      await outage.begin();
      worker.kill('SIGTERM');
      await worker.line({ msg: 'attempt', outcome: 'interrupted' });
      await outage.end();
      expect(await worker.exited()).toBe(0);
      expect(await counts()).toMatchObject({ ...SETTLED, waiting: 1 });
    }));

  it('says what is left, and ends with 1, when Redis is not back in time; another worker takes it up', () =>
    during(async (outage) => {
      const locks = { ...KNOWS_SECRET, LOCK_DURATION_MS: '2000', REQUEST_TIMEOUT_MS: '1000' };
      const worker = await stage.start({ ...locks, REDIS_URL: outage.url, SHUTDOWN_GRACE_MS: '300' });
      await stage.queue.sendMany(ofTenCalls('slow-700_'));
      await requestsAre(10);
      await outage.begin();
      expect(await worker.stop()).toBe(1);
      expect(await worker.line(WITH_SOME_LEFT)).toMatchObject({ left: 10, takenUpWithinMs: 3_000 });
      await outage.end();
      await stage.start(locks);
      await eventually(async () => expect(await counts()).toMatchObject(SETTLED), 20_000);
      expect(await accepted()).toHaveLength(10);
    }));
});
