/** How a quantity went lately, to say when it will reach a value if it goes on like that. */
export interface Trend {
  add(value: number, atMs: number): void;
  /** How much it changes a second, by least squares over the window; null before there is enough to say. */
  perSecond(): number | null;
}

const POINTS = 60;

/**
 * @param windowMs how far back it looks
 * @param leastMs how long it must have looked before it says anything
 */
export function createTrend({ windowMs, leastMs }: { windowMs: number; leastMs: number }): Trend {
  const points: { value: number; atMs: number }[] = [];
  return {
    add(value, atMs) {
      while (points[0] !== undefined && atMs - points[0].atMs > windowMs) points.shift();
      const last = points.at(-1);
      if (last === undefined || atMs - last.atMs >= windowMs / POINTS) points.push({ value, atMs });
    },
    perSecond() {
      const [first, last] = [points[0], points.at(-1)];
      if (first === undefined || last === undefined || last.atMs - first.atMs < leastMs) return null;
      const mean = (of: (point: { value: number; atMs: number }) => number) =>
        points.reduce((sum, point) => sum + of(point), 0) / points.length;
      const meanSeconds = mean(({ atMs }) => atMs / 1_000);
      const meanValue = mean(({ value }) => value);
      const covariance = mean(({ value, atMs }) => (atMs / 1_000 - meanSeconds) * (value - meanValue));
      const variance = mean(({ atMs }) => (atMs / 1_000 - meanSeconds) ** 2);
      return covariance / variance;
    },
  };
}

/**
 * Seconds until `distance` is used up at `perSecond`: 0 when it is already, Infinity when it is not being used up, null
 * when that is not known yet.
 */
export function secondsUntil(distance: number, perSecond: number | null): number | null {
  if (distance <= 0) return 0;
  if (perSecond === null) return null;
  return perSecond > 0 ? distance / perSecond : Number.POSITIVE_INFINITY;
}
