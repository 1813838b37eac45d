const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};

/** `90s`, `15m`, `2h`, `3d`, `1w`, or several of them, `1h30m`, in ms; null for anything else. */
export function parseDuration(text: string): number | null {
  if (!/^(\d{1,9}[smhdw])+$/.test(text)) return null;
  const parts = text.matchAll(/(\d+)([smhdw])/g);
  return [...parts].reduce((sumMs, [, count, unit = '']) => sumMs + Number(count) * (UNIT_MS[unit] ?? 0), 0);
}
