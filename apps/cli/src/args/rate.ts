export const RATE_ALLOWED = 'a number above 0, per second (50, 50/s) or per minute (600/m), at most 10000/s';

const MAX_PER_SECOND = 10_000;

/** Per second; null for what is no rate. */
export function parseRate(text: string): number | null {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(?:\/(s|m))?$/.exec(text);
  if (match === null) return null;
  const perSecond = Number(match[1]) / (match[2] === 'm' ? 60 : 1);
  return perSecond > 0 && perSecond <= MAX_PER_SECOND ? perSecond : null;
}
