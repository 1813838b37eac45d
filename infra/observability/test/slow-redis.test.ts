import { fileURLToPath } from 'node:url';
import { eventually, type Program, startProgram, startRedis, type TestRedis } from '@callpost/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';

const WORKER = fileURLToPath(new URL('../../../apps/worker/dist/main.js', import.meta.url));

let redis: TestRedis;
let worker: Program;
let metricsUrl: string;

beforeAll(async () => {
  redis = await startRedis();
  worker = startProgram(WORKER, {
    REDIS_URL: redis.url,
    REAMAZE_URL: 'http://127.0.0.1:9/incoming/voice',
    REAMAZE_SHARED_SECRET: 'right',
    METRICS_PORT: '0',
  });
  metricsUrl = String((await worker.line({ msg: 'worker ready' })).metricsUrl);
});
afterAll(async () => {
  redis.thaw();
  worker.kill('SIGKILL');
  await worker.exited();
  await redis.stop();
});

async function page() {
  const text = await (await fetch(metricsUrl)).text();
  const [, readAt] =
    /^callpost_queue_scrape_success_timestamp_seconds\{channel="default"\} (\S+)$/m.exec(text) ?? [];
  return { text, readAtSeconds: Number(readAt) };
}

it('gets a page from a worker whose Redis stands still, and no figure that pretends to be new', async () => {
  await eventually(async () => (await page()).readAtSeconds > 0);
  redis.freeze();
  const before = await page();
  // A reading is good for 5 s; after that the worker asks Redis again, and gets no answer.
  const frozen = await eventually(async () => {
    const now = await page();
    return Date.now() / 1_000 - now.readAtSeconds > 7 && now;
  });
  expect(frozen.readAtSeconds).toBe(before.readAtSeconds);
  expect(frozen.text).toContain('callpost_redis_errors_total');
  redis.thaw();
  await eventually(async () =>
    expect((await page()).readAtSeconds).toBeGreaterThan(before.readAtSeconds + 5),
  );
});
