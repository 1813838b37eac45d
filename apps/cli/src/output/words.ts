const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** How old something is, in its two greatest units: `3m 12s`, `2d 5h`, `0s`. A clock that is behind gives `0s`. */
export function ageText(ageMs: number): string {
  const first = UNITS.findIndex(([, unitMs]) => ageMs >= unitMs);
  if (first === -1) return '0s';
  let restMs = ageMs;
  const parts = UNITS.slice(first, first + 2).map(([unit, unitMs]) => {
    const count = Math.floor(restMs / unitMs);
    restMs -= count * unitMs;
    return count === 0 ? '' : `${count}${unit}`;
  });
  return parts.filter(Boolean).join(' ');
}

/** How long something took: `340 ms`, `15.0 s`, `2m 5s`. */
export function tookText(durationMs: number): string {
  if (durationMs < 1_000) return `${Math.round(durationMs)} ms`;
  return durationMs < 60_000 ? `${(durationMs / 1_000).toFixed(1)} s` : ageText(durationMs);
}

/** `2026-11-23T02:00:00Z`. */
export function momentText(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19)}Z`;
}

/** `4,211`. */
export function countText(count: number): string {
  return count.toLocaleString('en-GB');
}

/** `1 dead letter`, `4,211 dead letters`. */
export function counted(count: number, noun: string): string {
  return `${countText(count)} ${noun}${count === 1 ? '' : 's'}`;
}
