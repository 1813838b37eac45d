import { describe, expect, it } from 'vitest';
import { allHomes, type Layout } from '../shards/layout.js';
import { sharesOf } from './shares.js';

const LAYOUTS: readonly Layout[] = [
  { generation: 0, shards: 1, former: [] },
  { generation: 1, shards: 4, former: [] },
  { generation: 1, shards: 4, former: [1] },
  { generation: 1, shards: 3, former: [2, 8] },
  { generation: 1, shards: 64, former: [] },
  { generation: 1, shards: 1, former: [4], clearSinceMs: 5 },
];

const sharesIn = (layout: Layout, concurrency: number, maxPerSecond: number | null, rate = 1) =>
  allHomes('default', layout).map((home) =>
    sharesOf('default', layout, { concurrency, maxPerSecond, rate }).of(home),
  );

describe.each(LAYOUTS)('with %o', (layout) => {
  it.each([1, 2, 7, 100, 5_000])(
    'all queues together have at most %i a second, and nearly that',
    (perSecond) => {
      for (const rate of [1, 0.5, 0.01]) {
        const sum = sharesIn(layout, 10, perSecond, rate)
          .map(({ limiter }) => (limiter === null ? 0 : (1_000 * limiter.max) / limiter.duration))
          .reduce((one, other) => one + other);
        const allowed = Math.max(1, perSecond * rate);
        expect(sum).toBeLessThanOrEqual(allowed + 1e-9);
        expect(sum).toBeGreaterThan(allowed * 0.9);
      }
    },
  );

  it.each([0, 1, 10, 100])(
    'of %i in flight each queue has one, and together there is a place for each',
    (concurrency) => {
      const all = sharesIn(layout, concurrency, null).map((share) => share.concurrency);
      expect(Math.min(...all)).toBeGreaterThanOrEqual(1);
      expect(all.reduce((one, other) => one + other)).toBeGreaterThanOrEqual(concurrency);
    },
  );
});

it('an undivided channel has all of it', () => {
  const [share] = sharesIn({ generation: 0, shards: 1, former: [] }, 100, 50);
  expect(share).toEqual({ concurrency: 100, limiter: { max: 50, duration: 1_000 } });
});

it("the channel's own queue has less than a shard, unless calls went there before", () => {
  const [own, shard] = sharesIn({ generation: 1, shards: 4, former: [] }, 100, null);
  expect([own?.concurrency, shard?.concurrency]).toEqual([3, 25]);
  const [former, other] = sharesIn({ generation: 1, shards: 4, former: [1] }, 100, null);
  expect([former?.concurrency, other?.concurrency]).toEqual([20, 20]);
});

it('former homes in which nothing is left, but for known ids, leave their share to the others', () => {
  const layout = { generation: 1, shards: 1, former: [4], clearSinceMs: 5 };
  const [own, ...former] = sharesIn(layout, 100, null).map(({ concurrency }) => concurrency);
  expect(own).toBe(72);
  expect(former).toEqual([8, 8, 8, 8]);
});
