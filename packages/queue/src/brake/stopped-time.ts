/** When, in Unix ms, and for how long a channel had been stopped by then, in ms; rising in both. */
export type StoppedPoint = readonly [atMs: number, stoppedMs: number];

export interface StoppedTime {
  readonly points: readonly StoppedPoint[];
  /** Since when it is stopped now; 0 when it is not. */
  readonly stoppedAtMs: number;
}

/**
 * How long a channel was stopped between two moments. The brake keeps every stop as two points, and thins out old ones,
 * so a stop of long ago may be known only as a share of a longer time.
 */
export function stoppedMsBetween(
  { points, stoppedAtMs }: StoppedTime,
  sinceMs: number,
  untilMs: number,
): number {
  if (points.length === 0 && stoppedAtMs === 0) return 0;
  const total = points.at(-1)?.[1] ?? 0;
  const line = stoppedAtMs === 0 ? points : [...points, [stoppedAtMs, total] as const];
  const stoppedUntil = (atMs: number) =>
    stoppedAtMs > 0 && atMs > stoppedAtMs ? total + atMs - stoppedAtMs : heightAt(line, atMs);
  return Math.max(0, Math.round(stoppedUntil(untilMs) - stoppedUntil(sinceMs)));
}

function heightAt(line: readonly StoppedPoint[], atMs: number): number {
  const next = line.findIndex(([pointMs]) => pointMs >= atMs);
  if (next === -1) return line.at(-1)?.[1] ?? 0;
  const [fromMs, from] = line[next - 1] ?? [Number.NEGATIVE_INFINITY, line[next]?.[1] ?? 0];
  const [toMs, to] = line[next] ?? [atMs, from];
  if (!Number.isFinite(fromMs) || toMs === fromMs) return from;
  return from + ((to - from) * (atMs - fromMs)) / (toMs - fromMs);
}
